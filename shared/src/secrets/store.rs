//! Reading the secret, keeping it for a while, and reading it anew on demand.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::connector::Connector;
use super::credential::ServicePrincipal;
use crate::cache::{Aged, Cache};
use crate::clock::{Clock, Pacer};
use crate::ports::{Secret, SecretStore};
use crate::request::{Call, UpstreamCall};
use crate::settings::{Aws, Settings};
use crate::upstream::{Answer, Effort, Http, SendFault, Upstream, UpstreamError, UpstreamErrorKind, as_code};

const ROUTE: &str = "GetSecretValue";

/// After Entra has refused a credential, the secret is read again at most this
/// often: a credential that is really wrong must not hammer Secrets Manager.
const REREAD_PAUSE: Duration = Duration::from_secs(30);

/// After a failed read with an old secret at hand.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// AWS Secrets Manager, through the AWS SDK.
pub struct SecretsManager {
    client: Client,
    http: Http,
    secret_id: String,
    clock: Arc<dyn Clock>,
}

impl SecretsManager {
    /// A reader of the settings' secret.
    #[must_use]
    pub fn new(settings: &Settings, http: Http, clock: Arc<dyn Clock>) -> Self {
        let client = Client::from_conf(sdk_config(&settings.aws, http.clone()));
        Self { client, http, secret_id: settings.secret_id.clone(), clock }
    }
}

/// Retries and time limits are ours, so that they fit into the request's deadline.
fn sdk_config(aws: &Aws, http: Http) -> Config {
    let credentials = Credentials::new(
        &aws.access_key_id,
        aws.secret_access_key.expose_secret(),
        aws.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
        None,
        "environment",
    );
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(credentials)
        .http_client(Connector(http))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(url) = &aws.secrets_manager_url {
        config = config.endpoint_url(url.as_str());
    }
    config.build()
}

#[async_trait]
impl SecretStore for SecretsManager {
    async fn read(&self, call: &Arc<Call>, effort: Effort) -> Result<Secret, UpstreamError> {
        let attempt = self.http.attempt(call, Upstream::SecretsManager, effort, self.clock.now());
        match attempt.run(|limit| self.send(call, limit)).await {
            Ok(SecretAnswer { outcome: Ok(output), .. }) => secret_of(*output),
            Ok(SecretAnswer { outcome: Err(code), status, .. }) => {
                Err(unavailable(code, &format!("status {}", status.as_u16())))
            }
            Err(error) if error.kind == UpstreamErrorKind::Timeout && call.remaining().is_zero() => Err(error),
            Err(error) => Err(unavailable(None, &error.explanation)),
        }
    }
}

/// What Secrets Manager answers: the secret, or the code of its refusal.
struct SecretAnswer {
    status: StatusCode,
    headers: HeaderMap,
    outcome: Result<Box<GetSecretValueOutput>, Option<String>>,
}

impl Answer for SecretAnswer {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl SecretsManager {
    async fn send(&self, call: &Call, limit: Duration) -> Result<SecretAnswer, SendFault> {
        let started = Instant::now();
        // The stage is named because "current" is what a rotation moves.
        let request = self.client.get_secret_value().secret_id(&self.secret_id).version_stage("AWSCURRENT");
        let result = match tokio::time::timeout(limit, request.send()).await {
            Ok(result) => answer_of(result),
            Err(_) => Err(SendFault::Timeout),
        };
        let outcome = match &result {
            Ok(answer) => answer.status.as_u16().to_string(),
            Err(fault) => fault.to_string(),
        };
        call.note(UpstreamCall::since(started, ROUTE, outcome));
        result
    }
}

fn answer_of(
    result: Result<GetSecretValueOutput, SdkError<GetSecretValueError, HttpResponse>>,
) -> Result<SecretAnswer, SendFault> {
    let refusal = |status, code| Ok(SecretAnswer { status, headers: HeaderMap::new(), outcome: Err(code) });
    match result {
        Ok(output) => {
            Ok(SecretAnswer { status: StatusCode::OK, headers: HeaderMap::new(), outcome: Ok(Box::new(output)) })
        }
        Err(SdkError::ServiceError(error)) => {
            let code = error.err().code().and_then(as_code);
            refusal(status_of(error.raw().status().as_u16(), code.as_deref()), code)
        }
        Err(SdkError::ResponseError(_)) => refusal(StatusCode::BAD_GATEWAY, None),
        Err(SdkError::DispatchFailure(failure)) if failure.is_timeout() => Err(SendFault::Timeout),
        Err(SdkError::TimeoutError(_)) => Err(SendFault::Timeout),
        Err(_) => Err(SendFault::Connection),
    }
}

/// AWS says 400 for throttling and names it in the code.
fn status_of(status: u16, code: Option<&str>) -> StatusCode {
    let throttled = code.is_some_and(|code| code.contains("Throttl") || code == "TooManyRequestsException");
    let status = if throttled { 429 } else { status };
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}

fn secret_of(output: GetSecretValueOutput) -> Result<Secret, UpstreamError> {
    let version = output.version_id.unwrap_or_default();
    match output.secret_string {
        Some(text) => Ok(Secret { version, text: SecretString::from(text) }),
        None => Err(unavailable(None, "the secret is binary; store it as a JSON text")),
    }
}

fn unavailable(code: Option<String>, cause: &str) -> UpstreamError {
    let remedy = match code.as_deref() {
        Some("ResourceNotFoundException") => "no such secret: mend DYNABIND_SECRET_ID",
        Some("AccessDeniedException") => "allow the function's role secretsmanager:GetSecretValue on the secret",
        Some("DecryptionFailure") => "allow the function's role kms:Decrypt on the secret's key",
        _ => "the secret cannot be read",
    };
    let explanation = format!("{remedy} ({cause})");
    UpstreamError {
        code,
        ..UpstreamError::new(Upstream::SecretsManager, UpstreamErrorKind::CredentialsUnavailable, explanation)
    }
}

/// One version of the secret, parsed.
#[derive(Clone, Debug)]
struct Version {
    id: String,
    principal: Arc<ServicePrincipal>,
}

/// The service principal, from a secret that is trusted for a while.
pub struct CachedSecret {
    store: Arc<dyn SecretStore>,
    cache: Cache<(), Aged<Version>, UpstreamError>,
    ttl: Duration,
    clock: Arc<dyn Clock>,
    reread: Pacer,
}

impl CachedSecret {
    /// Keeps what `store` gives for `ttl`.
    #[must_use]
    pub fn new(store: Arc<dyn SecretStore>, ttl: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { store, cache: Cache::new(1).pausing(RETRY_PAUSE), ttl, clock, reread: Pacer::new(REREAD_PAUSE) }
    }

    /// Whether the next [`CachedSecret::get`] asks nobody.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.cache.fresh(&(), self.clock.now()).is_some()
    }

    /// The service principal. While Secrets Manager cannot be read, the last
    /// one that could be is still given.
    ///
    /// # Errors
    /// `CredentialsUnavailable`.
    pub async fn get(&self, call: &Arc<Call>) -> Result<Arc<ServicePrincipal>, UpstreamError> {
        let now = self.clock.now();
        let effort = if self.cache.usable(&(), now).is_some() { Effort::Once } else { Effort::Full };
        let load = || Ok::<_, UpstreamError>(self.load(call, effort, now));
        let (kept, _) = self.cache.get((), now, load, |_| true).await?;
        Ok(kept.value.principal)
    }

    /// Another service principal than `refused`, if the secret was rotated;
    /// `None` if it was not, or was read too short a time ago.
    pub async fn get_rotated(
        &self,
        call: &Arc<Call>,
        refused: &Arc<ServicePrincipal>,
    ) -> Option<Arc<ServicePrincipal>> {
        let now = self.clock.now();
        let kept = self.cache.usable(&(), now)?;
        if !Arc::ptr_eq(&kept.value.principal, refused) {
            return Some(kept.value.principal);
        }
        if !self.reread.may(now) {
            return None;
        }
        tracing::warn!("Entra refuses the credential; reading the secret again");
        let reread = self.load(call, Effort::Full, now).await.ok()?;
        self.cache.put(&(), reread.clone(), now);
        (reread.value.id != kept.value.id).then_some(reread.value.principal)
    }

    fn load(
        &self,
        call: &Arc<Call>,
        effort: Effort,
        now: SystemTime,
    ) -> impl Future<Output = Result<Aged<Version>, UpstreamError>> + Send + use<> {
        let (store, call, ttl) = (Arc::clone(&self.store), Arc::clone(call), self.ttl);
        async move {
            let secret = store.read(&call, effort).await?;
            let principal = ServicePrincipal::parse(secret.text.expose_secret(), now)
                .map_err(|faults| unavailable(None, &format!("the secret is malformed: {}", faults.join("; "))))?;
            let value = Version { id: secret.version, principal: Arc::new(principal) };
            Ok(Aged { value, read_at: now, ttl, grace: Duration::MAX })
        }
    }
}
