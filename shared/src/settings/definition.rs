//! The settings: the variable and the default of each, and the code that reads them.

use std::path::PathBuf;
use std::time::Duration;

use super::aws::{Aws, read_aws};
use super::catalog_source::CatalogSource;
use super::cloud::{Endpoints, read_endpoints};
use super::collector::{Collector, read_collector};
use super::credential::{CredentialSource, read_credential};
use super::scenario::Scenario;
use super::token_store::TokenStore;
use super::user_token::{UserToken, read_user_token};
use super::vars::{Variable, Vars};
use crate::validation::ValidationErrors;

const NAMESPACE_RULE: &str = "1 to 255 letters, digits or signs of `._/#:-`, not beginning with `AWS/` or `:`";

/// The settings of the functions.
#[derive(Clone, Debug)]
pub struct Settings {
    /// From `DYNABIND_CREDENTIAL`, `secret` by default, and `DYNABIND_SECRET_ID` or `DYNABIND_ENTRA_…`.
    pub credential: CredentialSource,
    /// `DYNABIND_CATALOG`, `file:/opt/catalog.json` by default.
    pub catalog: CatalogSource,
    /// `DYNABIND_TOKEN_STORE`: the table in which environments share tokens and look-ups; none by default.
    pub token_store: Option<TokenStore>,
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
    /// `DYNABIND_METRICS_NAMESPACE`, `Dynabind` by default: the namespace of the metrics in CloudWatch.
    pub metrics_namespace: String,
    /// `SSL_CERT_FILE`: the trusted roots in place of the built-in ones.
    pub roots: Option<PathBuf>,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`: whether Lambda starts environments before requests need them.
    pub preinitialized: bool,
    /// How the AWS SDK reaches Secrets Manager and DynamoDB.
    pub aws: Aws,
    /// Where spans go; `None` without `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub collector: Option<Collector>,
}

impl Settings {
    /// Reads the settings from named variables.
    ///
    /// # Errors
    /// Every fault, each naming its variable and the remedy.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, ValidationErrors> {
        let mut vars = Vars::new(vars);
        let settings = read_settings(&mut vars);
        vars.finish(settings)
    }

    /// Where the catalog is, even if other settings have faults; `None` if this setting has a fault.
    #[must_use]
    pub fn catalog_source(vars: &dyn Fn(&str) -> Option<String>) -> Option<CatalogSource> {
        read_catalog_source(&mut Vars::new(vars))
    }

    /// The variables that are read if none of them is set. Tests compare README and template with them.
    #[must_use]
    pub fn variables() -> Vec<Variable> {
        let mut vars = Vars::new(&|_| None);
        read_settings(&mut vars);
        vars.into_read()
    }
}

fn read_settings(vars: &mut Vars<'_>) -> Option<Settings> {
    let credential = read_credential(vars);
    let catalog = read_catalog_source(vars);
    let token_store = vars.optional("DYNABIND_TOKEN_STORE");
    let scenario = vars.parsed("DYNABIND_SCENARIO", "customers");
    let user_token = read_user_token(vars, scenario);
    let endpoints = read_endpoints(vars);
    let tenant_claim = vars.text("DYNABIND_TENANT_CLAIM", "tenant");
    let groups_claim = vars.text("DYNABIND_GROUPS_CLAIM", "groups");
    let min_token = vars.number("DYNABIND_MIN_TOKEN_MINUTES", 15, 1..=1440);
    let fresh_tokens_per_minute = vars.number("DYNABIND_FRESH_TOKENS_PER_MINUTE", 60, 1..=100_000);
    let secret_ttl = vars.number("DYNABIND_SECRET_TTL_SECONDS", 300, 1..=86_400);
    let metadata_ttl = vars.number("DYNABIND_METADATA_TTL_SECONDS", 600, 1..=86_400);
    let upstream_timeout = vars.number("DYNABIND_UPSTREAM_TIMEOUT_MS", 5000, 1..=20_000);
    let preinitialized = vars.value("AWS_LAMBDA_INITIALIZATION_TYPE").is_some_and(|kind| is_ahead(&kind));
    let metrics_namespace = vars.checked("DYNABIND_METRICS_NAMESPACE", "Dynabind", is_namespace, NAMESPACE_RULE);
    let aws = read_aws(vars);
    let collector = read_collector(vars);
    let roots = vars.value("SSL_CERT_FILE").map(PathBuf::from);
    Some(Settings {
        credential: credential?,
        catalog: catalog?,
        token_store,
        scenario: scenario?,
        user_token: user_token?,
        endpoints: endpoints?,
        tenant_claim,
        groups_claim,
        min_token: Duration::from_secs(min_token? * 60),
        fresh_tokens_per_minute: usize::try_from(fresh_tokens_per_minute?).unwrap_or(usize::MAX),
        secret_ttl: Duration::from_secs(secret_ttl?),
        metadata_ttl: Duration::from_secs(metadata_ttl?),
        upstream_timeout: Duration::from_millis(upstream_timeout?),
        metrics_namespace: metrics_namespace?,
        roots,
        preinitialized,
        aws: aws?,
        collector,
    })
}

fn read_catalog_source(vars: &mut Vars<'_>) -> Option<CatalogSource> {
    vars.parsed("DYNABIND_CATALOG", "file:/opt/catalog.json")
}

/// Whether no request waits for this kind of initialization ("Defined runtime environment variables" in Lambda's
/// developer guide). A snapshot does not count, because its tokens would be old when it is used.
fn is_ahead(kind: &str) -> bool {
    matches!(kind, "provisioned-concurrency" | "lambda-managed-instances")
}

/// Whether CloudWatch accepts the text as a custom namespace (`Namespace` of `PutMetricData`). Spaces are refused,
/// although CloudWatch allows them.
fn is_namespace(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._/#:-".contains(&byte);
    text.len() <= 255 && text.bytes().all(allowed) && !text.starts_with("AWS/") && !text.starts_with(':')
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const ENOUGH: [(&str, &str); 4] = [
        ("DYNABIND_SECRET_ID", "dynabind/sp"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "hidden-key"),
    ];

    fn settings(more: &[(&str, &str)]) -> Result<Settings, ValidationErrors> {
        let vars: HashMap<_, _> = ENOUGH.iter().chain(more).copied().collect();
        Settings::from_vars(&|name| vars.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn defaults_are_those_of_the_documentation() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.catalog, CatalogSource::File("/opt/catalog.json".into()));
        assert_eq!(settings.endpoints.powerbi.as_str(), "https://api.powerbi.com/");
        assert_eq!(settings.endpoints.entra.as_str(), "https://login.microsoftonline.com/");
        assert_eq!((settings.min_token, settings.fresh_tokens_per_minute), (Duration::from_mins(15), 60));
        assert_eq!((settings.secret_ttl.as_secs(), settings.metadata_ttl.as_secs()), (300, 600));
        assert_eq!(settings.upstream_timeout.as_millis(), 5000);
        assert_eq!(settings.metrics_namespace, "Dynabind");
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let vars: HashMap<&str, &str> = [
            ("DYNABIND_CATALOG", "s3://bucket"),
            ("DYNABIND_CLOUD", "mars"),
            ("DYNABIND_MIN_TOKEN_MINUTES", "soon"),
            ("DYNABIND_POWERBI_URL", "http://api.example.com"),
            ("AWS_REGION", "eu-west-1"),
        ]
        .into();
        let ValidationErrors(faults) =
            Settings::from_vars(&|name| vars.get(name).map(|value| (*value).to_owned())).unwrap_err();
        let places: Vec<_> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(
            places,
            [
                "DYNABIND_SECRET_ID",
                "DYNABIND_CATALOG",
                "DYNABIND_CLOUD",
                "DYNABIND_POWERBI_URL",
                "DYNABIND_MIN_TOKEN_MINUTES",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
            ]
        );
    }

    #[test]
    fn plain_http_stays_on_the_machine() {
        for (url, allowed) in [
            ("http://127.0.0.1:9", true),
            ("http://[::1]:9", true),
            ("http://localhost:9", true),
            ("https://api.example.com", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.com", false),
            ("https://user:pass@api.example.com", false),
            ("ftp://127.0.0.1", false),
            ("api.powerbi.com", false),
        ] {
            assert_eq!(settings(&[("DYNABIND_POWERBI_URL", url)]).is_ok(), allowed, "{url}");
        }
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        assert!(settings(&[("DYNABIND_CLOUD", ""), ("AWS_ENDPOINT_URL", " ")]).is_ok());
    }

    #[test]
    fn a_catalog_is_a_file_or_a_table() {
        for (text, expected) in [
            ("file:/opt/c.json", Some(CatalogSource::File("/opt/c.json".into()))),
            ("dynamodb:catalog", Some(CatalogSource::DynamoDb("catalog".to_owned()))),
            ("dynamodb:arn:aws:dynamodb:eu-west-1:123456789012:table/c", {
                Some(CatalogSource::DynamoDb("arn:aws:dynamodb:eu-west-1:123456789012:table/c".to_owned()))
            }),
            ("dynamodb:", None),
            ("dynamodb:a b c", None),
            ("file:", None),
            ("catalog.json", None),
        ] {
            assert_eq!(
                settings(&[("DYNABIND_CATALOG", text)]).ok().map(|settings| settings.catalog),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_token_store_is_a_table_or_none() {
        assert_eq!(settings(&[("DYNABIND_TOKEN_STORE", "")]).unwrap().token_store, None);
        let store = settings(&[("DYNABIND_TOKEN_STORE", "dynamodb:tokens")]).unwrap().token_store;
        assert_eq!(store, Some(TokenStore("tokens".to_owned())));
        for text in ["tokens", "dynamodb:", "dynamodb:a b c", "file:/tmp/tokens"] {
            let ValidationErrors(faults) = settings(&[("DYNABIND_TOKEN_STORE", text)]).unwrap_err();
            assert_eq!(faults[0].place, "DYNABIND_TOKEN_STORE", "{text}");
        }
    }

    #[test]
    fn a_namespace_is_one_that_cloudwatch_takes() {
        for (text, allowed) in [
            ("Dynabind/prod-1", true),
            ("a.b_c#d:e", true),
            ("AWS/Lambda", false),
            (":x", false),
            ("two words", false),
            ("\"},{\"", false),
            (&"x".repeat(256), false),
        ] {
            assert_eq!(settings(&[("DYNABIND_METRICS_NAMESPACE", text)]).is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn the_special_endpoint_goes_before_the_general_one() {
        let settings = settings(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:2"),
        ]);
        let aws = settings.unwrap().aws;
        assert_eq!(aws.secrets_manager_url.unwrap().port(), Some(2));
        assert_eq!(aws.dynamodb_url.unwrap().port(), Some(1));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", settings(&[]).unwrap()).contains("hidden-key"));
    }
}
