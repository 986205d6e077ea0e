//! The calls to upstreams, and what has a function make them.

use std::time::Duration;

use acceptance::dynamodb::{TABLE, table};
use acceptance::project;
use acceptance::test_app::{TestApp, view};
use devstack::fake_tenant::ids;
use devstack::{RecordedCall, Service, StackOptions};
use serde_json::{Value, json};

use super::failure::SHORT_ATTEMPT;

/// One call, by its name in the log; as a column of the matrix it has that name.
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

/// A request to a function: method, path, caller, body.
pub(super) type Question = (&'static str, &'static str, &'static str, Option<Value>);

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
            Service::DynamoDb => "DynamoDB",
        }
    }

    /// Its requests, as the injector names them.
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

    /// Whether a stand-in's call is one of them.
    pub(super) fn is(self, call: &RecordedCall) -> bool {
        match self {
            Self::GetSecretValue | Self::GetWebIdentityToken | Self::EntraToken | Self::GetItem => true,
            Self::GenerateToken => call.path.ends_with("/GenerateToken"),
            Self::GetReport => call.path.contains("/reports/"),
            Self::GetDataset => call.path.contains("/datasets/"),
            Self::GetDatasets => call.path.ends_with("/datasets"),
            Self::GetGroup => call.path.ends_with(ids::REPORTS_WORKSPACE),
        }
    }

    /// Whether the answer is kept for one question; else it is kept for all, and asked for by those
    /// who find nothing else.
    pub(super) fn is_kept_by_question(self) -> bool {
        !matches!(self, Self::GetSecretValue | Self::GetWebIdentityToken | Self::EntraToken)
    }

    /// A request that needs the call, and another that needs it even after the first.
    pub(super) fn questions(self) -> [Question; 2] {
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

    /// After how long the answer is old, but better than none.
    pub(super) fn old_after(self) -> Duration {
        match self {
            Self::GetWebIdentityToken => Duration::from_secs(250),
            Self::GetSecretValue | Self::EntraToken => Duration::from_mins(31),
            Self::GenerateToken => Duration::from_mins(50),
            _ => Duration::from_mins(11),
        }
    }

    /// Functions and upstreams with whose help every question has an answer.
    pub(super) async fn app(self, short_attempts: bool) -> TestApp {
        let mut catalog = project::json("devstack/demo/catalog.json");
        let of = |workspace| json!({ "reports": ["sales"], "workspaces": [workspace] });
        catalog["tenants"]["contoso"]["grants"].as_array_mut().unwrap().push(of(ids::CONTOSO_WORKSPACE));
        for tenant in ["fabrikam", "northwind"] {
            catalog["tenants"][tenant]["grants"] = json!([of(ids::REPORTS_WORKSPACE)]);
        }
        let mut options = StackOptions::default();
        if self == Self::GetWebIdentityToken {
            options.variables.insert("DYNABIND_CREDENTIAL".to_owned(), "federated".to_owned());
            // Longer ones would still be good when the token of STS has ended.
            options.access_token_life = Duration::from_mins(1);
        }
        if self == Self::GetItem {
            options.table = Some(table(&catalog));
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
