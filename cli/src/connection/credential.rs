//! The service principal's credential, from the same sources as in the functions: a secret, or tokens of AWS STS.

use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_dynamodb::config::ProvideCredentials;
use clap::Args;
use dynabind::clock::Clock;
use dynabind::request::RequestContext;
use dynabind::secrets::{CachedSecret, FederatedPrincipal, PrincipalSource, SecretStore, ServicePrincipal};
use dynabind::settings::{CredentialSource, Settings};
use dynabind::sts::StsClient;
use dynabind::upstream::{Http, RetryBudget, UpstreamError};
use secrecy::ExposeSecret;

use super::secret::{SecretFile, SecretOfAws};
use crate::catalog::aws;

const FEDERATED: &str = "federated";

const MISSING: &str =
    "give the service principal's credential: --secret FILE, --secret-id ID or --credential federated";

/// The source of the credential. The environment variables are those of the functions.
#[derive(Args, Clone, Debug)]
pub struct CredentialArguments {
    /// A JSON file with the service principal: tenantId, clientId, and clientSecret or certificate and privateKey.
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
    /// The name or ARN of a secret with the service principal in AWS Secrets Manager; --secret overrides it.
    #[arg(long, value_name = "ID", env = "DYNABIND_SECRET_ID")]
    pub secret_id: Option<String>,
    /// The kind of credential: secret, or federated (a token of AWS STS for your AWS credentials); --secret overrides it.
    #[arg(long, value_name = "KIND", env = "DYNABIND_CREDENTIAL")]
    pub credential: Option<String>,
    /// With --credential federated: the Directory (tenant) ID of the app registration.
    #[arg(long, value_name = "GUID", env = "DYNABIND_ENTRA_TENANT_ID")]
    pub entra_tenant_id: Option<String>,
    /// With --credential federated: the Application (client) ID of the app registration.
    #[arg(long, value_name = "GUID", env = "DYNABIND_ENTRA_CLIENT_ID")]
    pub entra_client_id: Option<String>,
}

/// Variables of the functions.
type Variables = Vec<(&'static str, String)>;

impl CredentialArguments {
    /// The variables from which the functions' settings take the credential.
    pub(super) async fn variables(&self) -> Result<Variables, String> {
        if self.secret.is_some() {
            // The secret is read from the file, so the settings get placeholders.
            return Ok([("DYNABIND_SECRET_ID", "none".to_owned())].into_iter().chain(no_aws()).collect());
        }
        let is_federated = self.credential.as_deref() == Some(FEDERATED);
        let given = |value: &Option<String>| value.clone().filter(|text| !text.trim().is_empty());
        if !is_federated && given(&self.credential).is_none() && given(&self.secret_id).is_none() {
            return Err(MISSING.to_owned());
        }
        let own = [
            ("DYNABIND_CREDENTIAL", &self.credential),
            ("DYNABIND_SECRET_ID", &self.secret_id),
            ("DYNABIND_ENTRA_TENANT_ID", &self.entra_tenant_id),
            ("DYNABIND_ENTRA_CLIENT_ID", &self.entra_client_id),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, given(value)?)));
        let aws = if is_federated { aws_of_environment().await? } else { no_aws() };
        Ok(own.chain(aws).collect())
    }
}

/// Placeholders for the AWS settings. They are required, but the functions' AWS clients are not used.
fn no_aws() -> Variables {
    ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name, "none".to_owned())).into()
}

/// Region and credentials from the sources of the AWS command line: profile, single sign-on, environment.
async fn aws_of_environment() -> Result<Variables, String> {
    let config = aws(None).await.map_err(|error| error.to_string())?;
    let provider = config.credentials_provider().ok_or("there are no AWS credentials; sign in to AWS first")?;
    let credentials = Box::pin(provider.provide_credentials()).await;
    let credentials = credentials.map_err(|error| format!("the AWS credentials cannot be read: {error}"))?;
    let region = config.region().ok_or("there is no AWS region; set AWS_REGION")?;
    let mut variables = vec![
        ("AWS_REGION", region.to_string()),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key().to_owned()),
    ];
    variables.extend(credentials.session_token().map(|token| ("AWS_SESSION_TOKEN", token.to_owned())));
    for name in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
        variables.extend(std::env::var_os(name).and_then(|url| url.into_string().ok()).map(|url| (name, url)));
    }
    Ok(variables)
}

/// The source of the service principal.
pub(crate) enum CredentialStore {
    /// A secret, in a file or in AWS.
    Secret(Arc<dyn SecretStore>),
    /// Tokens of AWS STS.
    Federated(Arc<FederatedPrincipal>),
}

impl CredentialStore {
    /// Opens the source that the arguments and the settings name. The text is its place, for messages.
    pub(super) async fn open(
        arguments: &CredentialArguments,
        settings: &Settings,
        http: &Http,
        clock: &Arc<dyn Clock>,
    ) -> Result<(String, Self), String> {
        match (&arguments.secret, &settings.credential) {
            (Some(path), _) => Ok((path.display().to_string(), Self::Secret(Arc::new(SecretFile(path.clone()))))),
            (None, CredentialSource::Secret(id)) => {
                let config = aws(None).await.map_err(|error| error.to_string())?;
                let client = aws_sdk_secretsmanager::Client::new(&config);
                let store = Arc::new(SecretOfAws { client, id: id.clone() });
                Ok((format!("secret {id}"), Self::Secret(store)))
            }
            (None, CredentialSource::Federated(federation)) => {
                let sts = StsClient::new(&settings.aws, federation, http.clone(), Arc::clone(clock));
                let principal = FederatedPrincipal::new(sts, federation.clone(), Arc::clone(clock));
                let place = format!("federated credential of application {}", federation.client_id);
                Ok((place, Self::Federated(Arc::new(principal))))
            }
        }
    }

    /// The source of the credential with which access tokens are requested.
    pub(super) fn principals(&self, settings: &Settings, clock: &Arc<dyn Clock>) -> Arc<dyn PrincipalSource> {
        match self {
            Self::Secret(store) => {
                Arc::new(CachedSecret::new(Arc::clone(store), settings.secret_ttl, Arc::clone(clock)))
            }
            Self::Federated(principal) => Arc::clone(principal) as _,
        }
    }

    /// The service principal. Each call reads a secret again.
    ///
    /// # Errors
    /// `Err` says why it could not be checked. `Ok(Err)` has the faults of the secret.
    pub(crate) async fn principal(
        &self,
        clock: &dyn Clock,
    ) -> Result<Result<Arc<ServicePrincipal>, Vec<String>>, UpstreamError> {
        let context = Arc::new(RequestContext::begin(None));
        match self {
            Self::Secret(store) => {
                let secret = store.read(&context, RetryBudget::Full).await?;
                Ok(ServicePrincipal::parse(secret.text.expose_secret(), clock.now()).map(Arc::new))
            }
            Self::Federated(principal) => principal.get(&context).await.map(Ok),
        }
    }
}
