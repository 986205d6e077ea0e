//! From variables to settings, with every fault at once.

mod credential;

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;

use super::redact::without_secrets;
use super::{Aws, CatalogSource, Cloud, Endpoints, Scenario, Settings, UserToken};
use crate::validation::{ValidationError, ValidationErrors};

const NAMESPACE_RULE: &str = "1 to 255 letters, digits and signs of ._/#:-, not beginning with `AWS/` or `:`";

const USER_TOKEN: &str = "DYNABIND_USER_TOKEN";

type Lookup<'v> = &'v dyn Fn(&str) -> Option<String>;

/// Collects faults while values are taken out of the variables.
struct Vars<'v> {
    lookup: Lookup<'v>,
    faults: Vec<ValidationError>,
}

pub(super) fn read(lookup: Lookup<'_>) -> Result<Settings, ValidationErrors> {
    let mut vars = Vars { lookup, faults: Vec::new() };
    let settings = read_settings(&mut vars);
    match settings {
        Some(settings) if vars.faults.is_empty() => Ok(settings),
        _ => Err(ValidationErrors(vars.faults)),
    }
}

fn read_settings(vars: &mut Vars<'_>) -> Option<Settings> {
    let credential = credential::read(vars);
    let catalog = read_catalog_source(vars);
    let scenario = vars.parsed("DYNABIND_SCENARIO", Scenario::Customers);
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
    #[cfg(feature = "opentelemetry")]
    let collector = read_collector(vars);
    let roots = (vars.lookup)("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    Some(Settings {
        credential: credential?,
        catalog: catalog?,
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
        #[cfg(feature = "opentelemetry")]
        collector,
    })
}

/// The kinds of initialization that no request waits for ("Defined runtime
/// environment variables" in Lambda's developer guide). A snapshot is none of
/// them: what it would hold is old when it is used.
fn is_ahead(kind: &str) -> bool {
    matches!(kind, "provisioned-concurrency" | "lambda-managed-instances")
}

pub(super) fn catalog_source(lookup: Lookup<'_>) -> Option<CatalogSource> {
    read_catalog_source(&mut Vars { lookup, faults: Vec::new() })
}

fn read_catalog_source(vars: &mut Vars<'_>) -> Option<CatalogSource> {
    vars.parsed("DYNABIND_CATALOG", CatalogSource::File(PathBuf::from("/opt/catalog.json")))
}

fn read_user_token(vars: &mut Vars<'_>, scenario: Option<Scenario>) -> Option<UserToken> {
    let user_token = vars.parsed(USER_TOKEN, UserToken::Server)?;
    let checked = scenario.map_or(Ok(()), |scenario| user_token.check(scenario));
    checked.map_err(|remedy| vars.fault(USER_TOKEN, remedy)).ok()?;
    Some(user_token)
}

fn read_endpoints(vars: &mut Vars<'_>) -> Option<Endpoints> {
    let cloud: Option<Cloud> = vars.parsed("DYNABIND_CLOUD", Cloud::Public);
    let entra = vars.url("DYNABIND_ENTRA_URL", cloud.map(Cloud::entra_url));
    let powerbi = vars.url("DYNABIND_POWERBI_URL", cloud.map(Cloud::powerbi_url));
    Some(Endpoints { cloud: cloud?, entra: entra?, powerbi: powerbi? })
}

fn read_aws(vars: &mut Vars<'_>) -> Option<Aws> {
    const LAMBDA_SETS_IT: &str = "Lambda sets it; set it yourself when you run the function elsewhere";
    let region = vars.region().or_else(|| vars.required("AWS_REGION", LAMBDA_SETS_IT));
    let access_key_id = vars.required("AWS_ACCESS_KEY_ID", LAMBDA_SETS_IT);
    let secret_access_key = vars.required("AWS_SECRET_ACCESS_KEY", LAMBDA_SETS_IT);
    let session_token = vars.value("AWS_SESSION_TOKEN").map(Into::into);
    let secrets_manager_url = vars.endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER");
    let dynamodb_url = vars.endpoint("AWS_ENDPOINT_URL_DYNAMODB");
    Some(Aws {
        region: region?,
        secrets_manager_url,
        dynamodb_url,
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?.into(),
        session_token,
    })
}

/// The variables that OpenTelemetry and Lambda name.
#[cfg(feature = "opentelemetry")]
fn read_collector(vars: &mut Vars<'_>) -> Option<super::Collector> {
    let mut traces_url = vars.url("OTEL_EXPORTER_OTLP_ENDPOINT", None)?;
    let prefix = traces_url.path().trim_end_matches('/').to_owned();
    traces_url.set_path(&format!("{prefix}/v1/traces"));
    let function_name = vars.value("AWS_LAMBDA_FUNCTION_NAME");
    let service_name = vars.value("OTEL_SERVICE_NAME").or_else(|| function_name.clone());
    Some(super::Collector {
        traces_url,
        service_name: service_name.unwrap_or_else(|| "dynabind".to_owned()),
        function_name,
        function_version: vars.value("AWS_LAMBDA_FUNCTION_VERSION"),
        region: vars.value("AWS_REGION"),
    })
}

impl Vars<'_> {
    /// A variable's value; an empty one counts as not set, as templates write it so.
    fn value(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn region(&self) -> Option<String> {
        self.value("AWS_REGION").or_else(|| self.value("AWS_DEFAULT_REGION"))
    }

    fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(ValidationError { place: name.to_owned(), detail: detail.into() });
    }

    fn text(&self, name: &str, default: &str) -> String {
        self.value(name).unwrap_or_else(|| default.to_owned())
    }

    fn checked(&mut self, name: &str, default: &str, is_fit: fn(&str) -> bool, rule: &str) -> Option<String> {
        let value = Some(self.text(name, default)).filter(|value| is_fit(value));
        if value.is_none() {
            self.fault(name, format!("expected {rule}"));
        }
        value
    }

    fn required(&mut self, name: &str, remedy: &str) -> Option<String> {
        let value = self.value(name);
        if value.is_none() {
            self.fault(name, format!("it is not set; {remedy}"));
        }
        value
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str, default: T) -> Option<T> {
        let Some(value) = self.value(name) else { return Some(default) };
        value.parse().map_err(|error: T::Err| self.fault(name, format!("{error}, found `{value}`"))).ok()
    }

    fn number(&mut self, name: &str, default: u64, range: RangeInclusive<u64>) -> Option<u64> {
        let Some(value) = self.value(name) else { return Some(default) };
        let number = value.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.fault(name, format!("expected a whole number from {low} to {high}, found `{value}`"));
        }
        number
    }

    fn url(&mut self, name: &str, default: Option<&str>) -> Option<Url> {
        let value = self.value(name).or_else(|| default.map(str::to_owned))?;
        let url = Url::parse(&value).ok().filter(is_allowed);
        if url.is_none() {
            self.fault(
                name,
                format!(
                    "expected an https URL without user or query (http on loopback), found `{}`",
                    without_secrets(&value)
                ),
            );
        }
        url
    }

    /// An AWS service's endpoint, by its own variable or the general one; `None`
    /// is AWS itself, or a fault that ends everything anyway.
    fn endpoint(&mut self, special: &str) -> Option<Url> {
        let name = if self.value(special).is_some() { special } else { "AWS_ENDPOINT_URL" };
        self.url(name, None)
    }
}

/// A bearer token or a secret goes there: plain http stays on the machine.
fn is_allowed(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let scheme_is_allowed = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    scheme_is_allowed
        && !url.cannot_be_a_base()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
}

impl FromStr for Scenario {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "customers" => Ok(Self::Customers),
            "organization" => Ok(Self::Organization),
            _ => Err("expected customers or organization"),
        }
    }
}

impl FromStr for CatalogSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("dynamodb", table)) if is_table(table) => Ok(Self::DynamoDb(table.to_owned())),
            _ => Err("expected file:PATH or dynamodb:TABLE"),
        }
    }
}

/// A namespace of our own as CloudWatch takes it (`Namespace` of `PutMetricData`);
/// of what is allowed there, blanks are left out.
fn is_namespace(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._/#:-".contains(&byte);
    text.len() <= 255 && text.bytes().all(allowed) && !text.starts_with("AWS/") && !text.starts_with(':')
}

/// A table's name, or the ARN of one, as DynamoDB's API takes either.
fn is_table(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-:/".contains(&byte);
    (3..=1024).contains(&text.len()) && text.bytes().all(allowed)
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
        read(&|name| vars.get(name).map(|value| (*value).to_owned()))
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
        let ValidationErrors(faults) = read(&|name| vars.get(name).map(|value| (*value).to_owned())).unwrap_err();
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
