//! Answers of Secrets Manager, Entra and Power BI, over real connections.
//!
//! Input: in the first line who answers (an upstream, `GenerateToken` alone, or
//! the text of the `secret`) and with which status, then headers, a blank line,
//! and the body. The other upstreams answer as they should.

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

use self::script::Script;
use self::server::{CLIENT_SECRET, Server};
use crate::fixtures::{StoppedClock, settings};
use crate::gateway;

/// The AWS credentials' and the user's own.
const AWS_SECRET: &str = "aWs8Q~the-functions-secret-key";
const USERS_BEARER: &str = "uBe8Q~the-users-bearer-token";

/// Enough for good answers of this machine, and not for a second attempt, which would only be waited for.
const TIME: Duration = Duration::from_millis(60);

const DATASET: &str = "38f15f36-9584-44ca-ba9a-edb632765765";
const WORKSPACE: &str = "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f";

thread_local! {
    static FIXTURE: OnceCell<Fixture> = const { OnceCell::new() };
}

/// What lasts from input to input: the server, and clients with open connections.
struct Fixture {
    server: Server,
    customers: Clients,
    organization: Clients,
}

/// What is built once for a scenario; everything that keeps something is built for each input.
struct Clients {
    settings: Settings,
    http: Http,
    secrets: Arc<SecretsManager>,
}

impl Clients {
    fn new(server: &Server, scenario: &str) -> Self {
        let (entra, powerbi, aws) = (server.url("entra"), server.url("powerbi"), server.url("secretsmanager"));
        let settings = settings(&[
            ("DYNABIND_SCENARIO", scenario),
            ("DYNABIND_ENTRA_URL", &entra),
            ("DYNABIND_POWERBI_URL", &powerbi),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &aws),
            ("AWS_SECRET_ACCESS_KEY", AWS_SECRET),
        ]);
        let http = Http::new(None, settings.upstream_timeout).unwrap();
        let secrets = Arc::new(SecretsManager::new(&settings.aws, "s", http.clone(), Arc::new(StoppedClock)));
        Self { settings, http, secrets }
    }

    fn cold_app(&self) -> Arc<App> {
        let clock: Arc<dyn Clock> = Arc::new(StoppedClock);
        let secret = CachedSecret::new(self.secrets.clone(), self.settings.secret_ttl, Arc::clone(&clock));
        let entra = EntraClient::new(&self.settings.endpoints, self.http.clone(), Arc::clone(&clock));
        let tokens = EntraTokens::new(entra, Arc::new(secret), self.settings.min_token, Arc::clone(&clock));
        let powerbi =
            PowerBiClient::new(self.settings.endpoints.powerbi.clone(), self.http.clone(), Arc::clone(&clock));
        let catalog = catalog::parse(&catalog_of_a_workspace().to_string()).unwrap();
        Arc::new(App::new(&self.settings, Arc::new(catalog), Arc::new(tokens), Arc::new(powerbi), clock))
    }
}

pub(crate) fn check(input: &[u8]) {
    let script = Script::read(input);
    FIXTURE.with(|fixture| {
        let fixture = fixture.get_or_init(|| {
            let server = gateway::block_on(Server::start());
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
            // Whatever an upstream says, it is neither the caller's fault nor a bug of ours.
            assert!(is_expected(answer.status, &answer.body), "{}", answer.body);
        }
    });
}

fn is_expected(status: u16, body: &Value) -> bool {
    match status {
        // Entra may want the user, and a workspace may not hold the dataset.
        401 | 403 => ["interaction-required", "unauthenticated", "not-entitled"]
            .iter()
            .any(|code| body["type"] == format!("urn:dynabind:problem:{code}")),
        200 | 502..=504 => true,
        _ => false,
    }
}

/// A report that may be bound to whatever one workspace holds.
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
