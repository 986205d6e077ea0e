//! Settings: environment variables, read once at start.

mod cloud;
mod read;
mod redact;
mod user_token;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use crate::validation::ValidationErrors;

pub use cloud::{Cloud, Endpoints};
pub use user_token::UserToken;

/// Every variable that Dynabind itself reads, so that the template can be held to it.
pub const VARIABLES: &[&str] = &[
    "DYNABIND_CREDENTIAL",
    "DYNABIND_SECRET_ID",
    "DYNABIND_ENTRA_TENANT_ID",
    "DYNABIND_ENTRA_CLIENT_ID",
    "DYNABIND_CATALOG",
    "DYNABIND_SCENARIO",
    "DYNABIND_USER_TOKEN",
    "DYNABIND_CLOUD",
    "DYNABIND_TENANT_CLAIM",
    "DYNABIND_GROUPS_CLAIM",
    "DYNABIND_MIN_TOKEN_MINUTES",
    "DYNABIND_FRESH_TOKENS_PER_MINUTE",
    "DYNABIND_SECRET_TTL_SECONDS",
    "DYNABIND_METADATA_TTL_SECONDS",
    "DYNABIND_UPSTREAM_TIMEOUT_MS",
    "DYNABIND_METRICS_NAMESPACE",
    "DYNABIND_ENTRA_URL",
    "DYNABIND_POWERBI_URL",
];

/// Who signs in to Power BI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scenario {
    /// Embed for your customers: the service principal, and embed tokens.
    Customers,
    /// Embed for your organization: the user, and the user's own token.
    Organization,
}

/// Where the catalog lies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CatalogSource {
    /// A JSON file.
    File(PathBuf),
    /// A DynamoDB table, by its name or ARN.
    DynamoDb(String),
}

/// What proves the service principal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CredentialSource {
    /// A secret in Secrets Manager, by its name or ARN.
    Secret(String),
    /// Tokens of AWS STS, which Entra trusts. Nothing is stored.
    Federated(Federation),
}

/// An application that trusts the function's role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Federation {
    /// `DYNABIND_ENTRA_TENANT_ID`: the Entra tenant, a GUID.
    pub tenant_id: String,
    /// `DYNABIND_ENTRA_CLIENT_ID`: the application's client id, a GUID.
    pub client_id: String,
    /// The audience that Entra expects in the tokens, which the cloud decides.
    pub audience: &'static str,
    /// `AWS_ENDPOINT_URL_STS`, or `AWS_ENDPOINT_URL`, or the endpoint of the region.
    pub sts_url: Url,
}

/// How the AWS SDK reaches and signs for Secrets Manager and DynamoDB.
#[derive(Clone, Debug)]
pub struct Aws {
    /// `AWS_REGION`, which Lambda sets.
    pub region: String,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, or `AWS_ENDPOINT_URL`.
    pub secrets_manager_url: Option<Url>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub dynamodb_url: Option<Url>,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<SecretString>,
}

/// What the functions can be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From `DYNABIND_CREDENTIAL`, `secret` by default, and `DYNABIND_SECRET_ID` or `DYNABIND_ENTRA_…`.
    pub credential: CredentialSource,
    /// `DYNABIND_CATALOG`, `file:/opt/catalog.json` by default.
    pub catalog: CatalogSource,
    /// `DYNABIND_SCENARIO`, `customers` by default.
    pub scenario: Scenario,
    /// `DYNABIND_USER_TOKEN`, `server` by default; `page` only in the organization scenario.
    pub user_token: UserToken,
    /// From `DYNABIND_CLOUD`, `DYNABIND_ENTRA_URL` and `DYNABIND_POWERBI_URL`.
    pub endpoints: Endpoints,
    /// `DYNABIND_TENANT_CLAIM`, `tenant` by default.
    pub tenant_claim: String,
    /// `DYNABIND_GROUPS_CLAIM`, `groups` by default.
    pub groups_claim: String,
    /// `DYNABIND_MIN_TOKEN_MINUTES`, 15 by default.
    pub min_token: Duration,
    /// `DYNABIND_FRESH_TOKENS_PER_MINUTE`, 60 by default.
    pub fresh_tokens_per_minute: usize,
    /// `DYNABIND_SECRET_TTL_SECONDS`, 300 by default.
    pub secret_ttl: Duration,
    /// `DYNABIND_METADATA_TTL_SECONDS`, 600 by default.
    pub metadata_ttl: Duration,
    /// `DYNABIND_UPSTREAM_TIMEOUT_MS`, 5000 by default.
    pub upstream_timeout: Duration,
    /// `DYNABIND_METRICS_NAMESPACE`, `Dynabind` by default: what CloudWatch files the metrics under.
    pub metrics_namespace: String,
    /// `SSL_CERT_FILE`: the trusted roots in place of the built-in ones.
    pub roots: Option<PathBuf>,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`: whether Lambda starts environments ahead of their requests.
    pub preinitialized: bool,
    /// How the AWS SDK reaches Secrets Manager and DynamoDB.
    pub aws: Aws,
    /// Where spans go; nowhere without `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[cfg(feature = "opentelemetry")]
    pub collector: Option<Collector>,
}

/// A collector of OpenTelemetry's, and who sends spans to it.
#[cfg(feature = "opentelemetry")]
#[derive(Clone, Debug)]
pub struct Collector {
    /// `v1/traces` below `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub traces_url: Url,
    /// `OTEL_SERVICE_NAME`, else the function's name, else `dynabind`.
    pub service_name: String,
    /// `AWS_LAMBDA_FUNCTION_NAME`, which Lambda sets.
    pub function_name: Option<String>,
    /// `AWS_LAMBDA_FUNCTION_VERSION`, which Lambda sets.
    pub function_version: Option<String>,
    /// `AWS_REGION`, which Lambda sets.
    pub region: Option<String>,
}

impl Settings {
    /// Reads them from named variables.
    ///
    /// # Errors
    /// Every fault, each naming its variable and the remedy.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, ValidationErrors> {
        read::read(vars)
    }

    /// Where the catalog lies, whatever else is wrong; `None` where that is.
    #[must_use]
    pub fn catalog_source(vars: &dyn Fn(&str) -> Option<String>) -> Option<CatalogSource> {
        read::catalog_source(vars)
    }
}
