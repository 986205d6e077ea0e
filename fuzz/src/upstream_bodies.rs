//! Answers of Secrets Manager, Entra and Power BI, over real connections.
//!
//! Input: the first line has the upstream (or `GenerateToken`, or `secret` for the secret's text) and the status. Headers, a
//! blank line and the body follow. The other upstreams answer correctly.

mod script;
mod server;

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use dynabind::App;
use dynabind::catalog;
use dynabind::clock::Clock;
use dynabind::entra::{EntraClient, EntraTokens};
use dynabind::powerbi::PowerBiClient;
use dynabind::secrets::{CachedSecret, SecretsManager};
use dynabind::settings::Settings;
use dynabind::upstream::Http;
use serde_json::{Value, json};
use test_support::clock::ManualClock;

use self::script::Script;
use self::server::{CLIENT_SECRET, ScriptedServer};
use crate::fixtures::settings;
use crate::gateway;

/// The secrets of the AWS credentials and of the user.
const AWS_SECRET: &str = "aWs8Q~the-functions-secret-key";
const USERS_BEARER: &str = "uBe8Q~the-users-bearer-token";

/// Enough time for correct answers, and too short for a second attempt, which would only cost time.
const TIME: Duration = Duration::from_millis(60);

const DATASET: &str = "38f15f36-9584-44ca-ba9a-edb632765765";
const WORKSPACE: &str = "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f";

thread_local! {
    static FIXTURE: OnceCell<Fixture> = const { OnceCell::new() };
}

/// The parts that all inputs share: the server, and clients with open connections.
struct Fixture {
    server: ScriptedServer,
    customers: Clients,
    organization: Clients,
}

/// The parts of a scenario that all inputs share. Everything with a cache is built for each input.
struct Clients {
    settings: Settings,
    http: Http,
    secrets: Arc<SecretsManager>,
}

impl Clients {
    fn new(server: &ScriptedServer, scenario: &str) -> Self {
        let (entra, powerbi, aws) = (server.url("entra"), server.url("powerbi"), server.url("secretsmanager"));
        let settings = settings(&[
            ("DYNABIND_SCENARIO", scenario),
            ("DYNABIND_ENTRA_URL", &entra),
            ("DYNABIND_POWERBI_URL", &powerbi),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &aws),
            ("AWS_SECRET_ACCESS_KEY", AWS_SECRET),
        ]);
        let http = Http::new(None, settings.upstream_timeout).unwrap();
        let secrets = Arc::new(SecretsManager::new(&settings.aws, "s", http.clone(), Arc::new(ManualClock::default())));
        Self { settings, http, secrets }
    }

    fn cold_app(&self) -> Arc<App> {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
        let secret = CachedSecret::new(self.secrets.clone(), self.settings.secret_ttl, Arc::clone(&clock));
        let entra = EntraClient::new(&self.settings.endpoints, self.http.clone(), Arc::clone(&clock));
        let tokens = EntraTokens::new(entra, Arc::new(secret), self.settings.min_token, Arc::clone(&clock));
        let powerbi =
            PowerBiClient::new(self.settings.endpoints.powerbi.clone(), self.http.clone(), Arc::clone(&clock));
        let catalog = catalog::parse(&catalog_of_a_workspace().to_string()).unwrap();
        Arc::new(App::new(&self.settings, Arc::new(catalog), Arc::new(tokens), Arc::new(powerbi), None, clock))
    }
}

pub(crate) fn check(input: &[u8]) {
    let script = Script::read(input);
    FIXTURE.with(|fixture| {
        let fixture = fixture.get_or_init(|| {
            let server = gateway::block_on(ScriptedServer::start());
            let (customers, organization) = ["customers", "organization"].map(|s| Clients::new(&server, s)).into();
            Fixture { server, customers, organization }
        });
        fixture.server.follow(script);
        for (clients, function) in
            [(&fixture.customers, "config"), (&fixture.customers, "datasets"), (&fixture.organization, "token")]
        {
            let event = serde_json::from_value(event(function)).unwrap();
            let secrets = [CLIENT_SECRET, AWS_SECRET, USERS_BEARER];
            let answer = gateway::send(&clients.cold_app(), function, event, TIME, &secrets);
            // No upstream answer may cause a 4xx or a 500.
            assert!(is_expected(answer.status, &answer.body), "{}", answer.body);
        }
    });
}

fn is_expected(status: u16, body: &Value) -> bool {
    match status {
        // Entra may require the user, and the dataset may not be in the workspace.
        401 | 403 => ["interaction-required", "unauthenticated", "not-entitled"]
            .iter()
            .any(|code| body["type"] == format!("urn:dynabind:problem:{code}")),
        200 | 502..=504 => true,
        _ => false,
    }
}

/// A catalog with a report that may be bound to every dataset of one workspace.
fn catalog_of_a_workspace() -> Value {
    json!({
        "reports": { "r": { "name": "R", "workspaceId": WORKSPACE, "reportId": DATASET, "includeOwnDataset": true } },
        "datasets": { "d": { "name": "D", "workspaceId": WORKSPACE, "datasetId": DATASET } },
        "tenants": { "t": { "grants": [{ "reports": ["r"], "datasets": ["d"], "workspaces": [WORKSPACE] }] } },
    })
}

fn event(function: &str) -> Value {
    let method = if function == "datasets" { "GET" } else { "POST" };
    let bindings = json!({ "bindings": [{ "report": "r", "dataset": DATASET }, { "report": "r", "dataset": "d" }] });
    json!({
        "version": "2.0", "rawPath": "/", "isBase64Encoded": false, "body": bindings.to_string(),
        "headers": { "authorization": format!("Bearer {USERS_BEARER}") },
        "requestContext": {
            "authorizer": { "jwt": { "claims": { "sub": "s", "tenant": "t" } } }, "timeEpoch": 0,
            "http": { "method": method, "path": "/" },
        },
    })
}
