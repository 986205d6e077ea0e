//! The upstream calls, and requests that cause them.

use std::time::Duration;

use acceptance::dynamodb::{SharedTables, TABLE, TOKEN_TABLE};
use acceptance::project;
use acceptance::test_app::{TestApp, view};
use devstack::fake_tenant::ids;
use devstack::{RecordedCall, Service, StackOptions};
use serde_json::{Value, json};

use super::failure::SHORT_ATTEMPT;

/// One upstream call. The log and the columns of the matrix use the name of the variant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Route {
    GetSecretValue,
    GetWebIdentityToken,
    EntraToken,
    GenerateToken,
    GetReport,
    GetDataset,
    GetDatasets,
    GetGroup,
    GetItem,
}

/// A request to a function: method, path, user, body.
pub(super) type Request = (&'static str, &'static str, &'static str, Option<Value>);

impl Route {
    pub(super) const ALL: [Self; 9] = [
        Self::GetSecretValue,
        Self::GetWebIdentityToken,
        Self::EntraToken,
        Self::GenerateToken,
        Self::GetReport,
        Self::GetDataset,
        Self::GetDatasets,
        Self::GetGroup,
        Self::GetItem,
    ];

    pub(super) fn name(self) -> String {
        format!("{self:?}")
    }

    pub(super) fn service(self) -> Service {
        match self {
            Self::GetSecretValue => Service::SecretsManager,
            Self::GetWebIdentityToken => Service::Sts,
            Self::EntraToken => Service::Entra,
            Self::GetItem => Service::DynamoDb,
            _ => Service::PowerBi,
        }
    }

    /// The upstream's name in a cause.
    pub(super) fn upstream(self) -> &'static str {
        match self.service() {
            Service::SecretsManager => "Secrets Manager",
            Service::Sts => "STS",
            Service::Entra => "Entra",
            Service::PowerBi => "Power BI",
            Service::Fabric => "Fabric",
            Service::DynamoDb => "DynamoDB",
        }
    }

    /// The pattern that matches its requests in the fault script.
    pub(super) fn pattern(self) -> String {
        let groups = "GET /v1.0/myorg/groups";
        match self {
            Self::GetSecretValue | Self::GetWebIdentityToken | Self::EntraToken | Self::GetItem => "*".to_owned(),
            Self::GenerateToken => "POST /v1.0/myorg/GenerateToken".to_owned(),
            Self::GetReport => format!("{groups}/*/reports/*"),
            Self::GetDataset => format!("{groups}/*/datasets/*"),
            Self::GetDatasets => format!("{groups}/*/datasets"),
            Self::GetGroup => format!("{groups}/{}", ids::REPORTS_WORKSPACE),
        }
    }

    /// Whether a recorded call is one of its requests.
    pub(super) fn is(self, call: &RecordedCall) -> bool {
        match self {
            Self::GetSecretValue | Self::GetWebIdentityToken | Self::EntraToken => true,
            Self::GetItem => call.body["TableName"] != TOKEN_TABLE,
            Self::GenerateToken => call.path.ends_with("/GenerateToken"),
            Self::GetReport => call.path.contains("/reports/"),
            Self::GetDataset => call.path.contains("/datasets/"),
            Self::GetDatasets => call.path.ends_with("/datasets"),
            Self::GetGroup => call.path.ends_with(ids::REPORTS_WORKSPACE),
        }
    }

    /// Whether the cache key of the value depends on the request. Otherwise all requests share one value, and only a request whose
    /// other values are not cached reads it.
    pub(super) fn is_cached_per_request(self) -> bool {
        !matches!(self, Self::GetSecretValue | Self::GetWebIdentityToken | Self::EntraToken)
    }

    /// A request that needs the call, and another one that still needs it after the first.
    pub(super) fn requests(self) -> [Request; 2] {
        let post = |path, user, body| ("POST", path, user, Some(body));
        let create = |dataset| json!({ "bindings": [{ "dataset": dataset, "mode": "create" }] });
        match self {
            Self::GetSecretValue | Self::GetWebIdentityToken | Self::EntraToken => {
                ["contoso-plan", "contoso-sales"].map(|dataset| post("/config", "carl@contoso", view("sales", dataset)))
            }
            Self::GenerateToken => {
                ["contoso-plan", "contoso-sales"].map(|dataset| post("/token", "carl@contoso", view("sales", dataset)))
            }
            Self::GetReport => {
                ["sales", "ops"].map(|report| post("/config", "ana@contoso", view(report, "contoso-plan")))
            }
            Self::GetDataset => {
                ["contoso-plan", "contoso-outlook"].map(|dataset| post("/config", "pia@contoso", create(dataset)))
            }
            Self::GetDatasets => [("carl@contoso", ids::CONTOSO_PLAN), ("frida@fabrikam", ids::TEMPLATE_DATASET)]
                .map(|(user, dataset)| post("/token", user, view("sales", dataset))),
            Self::GetGroup => ["nils@northwind", "frida@fabrikam"].map(|user| ("GET", "/datasets", user, None)),
            Self::GetItem => [("carl@contoso", "contoso-plan"), ("frida@fabrikam", ids::TEMPLATE_DATASET)]
                .map(|(user, dataset)| post("/config", user, view("sales", dataset))),
        }
    }

    /// The age at which the value is old but still usable.
    pub(super) fn stale_after(self) -> Duration {
        match self {
            Self::GetWebIdentityToken => Duration::from_secs(250),
            Self::GetSecretValue | Self::EntraToken => Duration::from_mins(31),
            Self::GenerateToken => Duration::from_mins(50),
            _ => Duration::from_mins(11),
        }
    }

    /// An app with a catalog in which every request of [`Route::requests`] succeeds.
    pub(super) async fn app(self, short_attempts: bool, has_store: bool) -> TestApp {
        let mut catalog = project::json("devstack/demo/catalog.json");
        let of = |workspace| json!({ "reports": ["sales"], "workspaces": [workspace] });
        catalog["tenants"]["contoso"]["grants"].as_array_mut().unwrap().push(of(ids::CONTOSO_WORKSPACE));
        for tenant in ["fabrikam", "northwind"] {
            catalog["tenants"][tenant]["grants"] = json!([of(ids::REPORTS_WORKSPACE)]);
        }
        let mut options = StackOptions::default();
        if has_store || self == Self::GetItem {
            options.table = Some(SharedTables::default().with_catalog(&catalog).router());
        }
        if has_store {
            options.variables.insert("DYNABIND_TOKEN_STORE".to_owned(), format!("dynamodb:{TOKEN_TABLE}"));
        }
        if self == Self::GetWebIdentityToken {
            options.variables.insert("DYNABIND_CREDENTIAL".to_owned(), "federated".to_owned());
            // A longer-lived access token would still be valid when the token of STS has expired.
            options.access_token_life = Duration::from_mins(1);
        }
        if self == Self::GetItem {
            options.variables.insert("DYNABIND_CATALOG".to_owned(), format!("dynamodb:{TABLE}"));
        } else {
            options.catalog = Some(catalog);
        }
        if short_attempts {
            options.variables.insert("DYNABIND_UPSTREAM_TIMEOUT_MS".to_owned(), SHORT_ATTEMPT.to_owned());
        }
        TestApp::with(options).await
    }
}
