//! Reads the secret, caches it, and reads it again if Entra refuses the credential.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use secrecy::{ExposeSecret, SecretString};

use super::credential::ServicePrincipal;
use super::source::PrincipalSource;
use crate::aws::{self, SdkAnswer};
use crate::cache::{Cache, TtlEntry};
use crate::clock::{Clock, Pacer};
use crate::request::{CachedItem, RequestContext};
use crate::settings::Aws;
use crate::upstream::{Http, RetryBudget, Upstream, UpstreamError, UpstreamErrorKind};

const ROUTE: &str = "GetSecretValue";

/// After Entra has refused a credential, the secret is read again at most once in this time. Otherwise a wrong
/// credential would cause a call to Secrets Manager for each request.
const REREAD_PAUSE: Duration = Duration::from_secs(30);

/// The pause after a failed read, while an old secret is in memory.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// Where the service principal's secret is stored: Secrets Manager for the functions, also a file for the command line.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret's current version.
    ///
    /// # Errors
    /// Why it cannot be read.
    async fn read(&self, context: &Arc<RequestContext>, retry_budget: RetryBudget) -> Result<Secret, UpstreamError>;
}

/// One version of the secret, as it is stored.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Changes with every rotation.
    pub version: String,
    /// The JSON text.
    pub text: SecretString,
}

/// AWS Secrets Manager, through the AWS SDK.
pub struct SecretsManager {
    /// With a token store, the client is built at its first use, because most environments never need it. Otherwise it
    /// is built at start, when Lambda gives the most processor time.
    client: LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>,
    http: Http,
    secret_id: String,
    clock: Arc<dyn Clock>,
}

impl SecretsManager {
    /// A reader of the secret with this name or ARN.
    ///
    /// Its client is built at the first use, or by [`SecretsManager::build_client`].
    #[must_use]
    pub fn new(settings: &Aws, secret_id: &str, http: Http, clock: Arc<dyn Clock>) -> Self {
        let (aws, of_client) = (settings.clone(), http.clone());
        let client = move || {
            let mut config = Builder::from(&aws::sdk_config(&aws, of_client));
            config.set_endpoint_url(aws.secrets_manager_url.as_ref().map(ToString::to_string));
            Client::from_conf(config.build())
        };
        let client = LazyLock::new(Box::new(client) as Box<dyn FnOnce() -> Client + Send>);
        Self { client, http, secret_id: secret_id.to_owned(), clock }
    }

    /// Builds the client now.
    pub fn build_client(&self) {
        LazyLock::force(&self.client);
    }
}

#[async_trait]
impl SecretStore for SecretsManager {
    async fn read(&self, context: &Arc<RequestContext>, retry_budget: RetryBudget) -> Result<Secret, UpstreamError> {
        let attempt = self.http.attempt(context, Upstream::SecretsManager, retry_budget, self.clock.now());
        // The stage is named, because a rotation moves `AWSCURRENT` to the new version.
        let request = || {
            let request = self.client.get_secret_value().secret_id(&self.secret_id).version_stage("AWSCURRENT");
            request.customize().mutate_request(aws::passing_trace(context)).send()
        };
        match attempt.run(|limit| aws::send(context, Upstream::SecretsManager, ROUTE, limit, request())).await {
            Ok(SdkAnswer { outcome: Ok(output), .. }) => secret_of(output),
            Ok(SdkAnswer { outcome: Err(None), status, .. }) if status.is_success() => {
                Err(unavailable(None, "the answer is not of the documented shape"))
            }
            Ok(SdkAnswer { outcome: Err(code), status, .. }) => {
                Err(unavailable(code, &format!("status {}", status.as_u16())))
            }
            Err(error) if error.kind == UpstreamErrorKind::Timeout && context.remaining().is_zero() => Err(error),
            Err(error) => Err(UpstreamError {
                deadline_exceeded: error.deadline_exceeded,
                ..unavailable(None, &error.explanation)
            }),
        }
    }
}

fn secret_of(output: GetSecretValueOutput) -> Result<Secret, UpstreamError> {
    let version = output.version_id.unwrap_or_default();
    match (output.secret_string, output.secret_binary) {
        (Some(text), _) => Ok(Secret { version, text: SecretString::from(text) }),
        (None, Some(_)) => Err(unavailable(None, "the secret is binary; store it as a JSON text")),
        (None, None) => Err(unavailable(None, "the answer holds no secret")),
    }
}

fn unavailable(code: Option<String>, cause: &str) -> UpstreamError {
    let remedy = match code.as_deref() {
        Some("ResourceNotFoundException") => "the secret does not exist: correct DYNABIND_SECRET_ID",
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

/// The service principal, from a secret that is cached for a while.
pub struct CachedSecret {
    store: Arc<dyn SecretStore>,
    cache: Cache<(), TtlEntry<Version>, UpstreamError>,
    ttl: Duration,
    clock: Arc<dyn Clock>,
    /// Held while the secret is being read again. Other requests wait for the result.
    reread: tokio::sync::Mutex<Pacer>,
}

impl CachedSecret {
    /// Caches the secret of `store` for `ttl`.
    #[must_use]
    pub fn new(store: Arc<dyn SecretStore>, ttl: Duration, clock: Arc<dyn Clock>) -> Self {
        let reread = tokio::sync::Mutex::new(Pacer::new(REREAD_PAUSE));
        Self { store, cache: Cache::new(1).pausing(RETRY_PAUSE), ttl, clock, reread }
    }

    fn load(
        &self,
        context: &Arc<RequestContext>,
        retry_budget: RetryBudget,
        now: SystemTime,
    ) -> impl Future<Output = Result<TtlEntry<Version>, UpstreamError>> + Send + use<> {
        let (store, context, ttl) = (Arc::clone(&self.store), Arc::clone(context), self.ttl);
        async move {
            let secret = store.read(&context, retry_budget).await?;
            let principal = ServicePrincipal::parse(secret.text.expose_secret(), now).map_err(|faults| {
                context.note_unusable_secret();
                unavailable(None, &format!("the secret is malformed: {}", faults.join("; ")))
            })?;
            let value = Version { id: secret.version, principal: Arc::new(principal) };
            Ok(TtlEntry { value, read_at: now, ttl, grace: Duration::MAX })
        }
    }
}

#[async_trait]
impl PrincipalSource for CachedSecret {
    fn is_ready(&self) -> bool {
        self.cache.is_fresh(&(), self.clock.now())
    }

    async fn get(&self, context: &Arc<RequestContext>) -> Result<Arc<ServicePrincipal>, UpstreamError> {
        let now = self.clock.now();
        let retry_budget = if self.cache.is_usable(&(), now) { RetryBudget::Once } else { RetryBudget::Full };
        let load = || Ok::<_, UpstreamError>(self.load(context, retry_budget, now));
        // After any failure, the last secret that could be read may still be valid. Entra decides this.
        let cached = self.cache.get((), now, load, |_| true).await?;
        context.note_cached(CachedItem::Secret, &cached);
        Ok(cached.into_value().value.principal)
    }

    async fn get_other(
        &self,
        context: &Arc<RequestContext>,
        refused: &Arc<ServicePrincipal>,
    ) -> Result<Option<Arc<ServicePrincipal>>, UpstreamError> {
        let reread = self.reread.lock().await;
        let now = self.clock.now();
        let Some(kept) = self.cache.usable(&(), now) else { return Ok(None) };
        if !Arc::ptr_eq(&kept.value.principal, refused) {
            return Ok(Some(kept.value.principal));
        }
        if !reread.may(now) {
            return Ok(None);
        }
        tracing::warn!(request_id = context.ids().request, "Entra refuses the credential; reading the secret again");
        let found = self.load(context, RetryBudget::Full, now).await?;
        self.cache.put(&(), found.clone(), now);
        Ok((found.value.id != kept.value.id).then_some(found.value.principal))
    }
}
