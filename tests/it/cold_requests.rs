//! The upstream calls of a request: the number of sequential exchanges. The calls of a refused request do not depend on the
//! reason of the refusal.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::dynamodb::{SharedTables, TABLE, TOKEN_TABLE};
use acceptance::project;
use acceptance::slow_time::slowly;
use acceptance::test_app::{Answer, TestApp, view};
use devstack::{RecordedCall, Service, StackOptions};
use serde_json::{Value, json};

const SERVICES: [Service; 4] = [Service::DynamoDb, Service::SecretsManager, Service::Entra, Service::PowerBi];

/// Where the catalog is, and whether environments share tokens.
#[derive(Clone, Copy, Debug)]
struct Setup {
    table: bool,
    store: bool,
}

const SETUPS: [Setup; 4] = [
    Setup { table: false, store: false },
    Setup { table: false, store: true },
    Setup { table: true, store: false },
    Setup { table: true, store: true },
];

async fn open(setup: Setup, catalog: &Value) -> TestApp {
    let tables = SharedTables::default().with_catalog(catalog);
    let mut options =
        StackOptions { table: Some(tables.router()), catalog: Some(catalog.clone()), ..StackOptions::default() };
    if setup.table {
        options.variables.insert("DYNABIND_CATALOG".to_owned(), format!("dynamodb:{TABLE}"));
    }
    if setup.store {
        options.variables.insert("DYNABIND_TOKEN_STORE".to_owned(), format!("dynamodb:{TOKEN_TABLE}"));
    }
    TestApp::with(options).await
}

fn demo() -> Value {
    project::json("devstack/demo/catalog.json")
}

/// The requests since the log was cleared. Opening a connection in advance is not one.
fn requests(app: &TestApp) -> Vec<RecordedCall> {
    app.stack.log().all().into_iter().filter(|call| call.method != "HEAD").collect()
}

/// The longest chain of calls in which each call began after the previous one had ended.
fn exchanges_in_sequence(calls: &[RecordedCall]) -> usize {
    let mut depths: Vec<usize> = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let before = calls[..index].iter().zip(&depths).filter(|(earlier, _)| !earlier.overlaps(call));
        depths.push(1 + before.map(|(_, depth)| *depth).max().unwrap_or_default());
    }
    depths.into_iter().max().unwrap_or_default()
}

fn operations(calls: &[RecordedCall]) -> Vec<&str> {
    calls.iter().filter_map(|call| call.header("x-amz-target")?.strip_prefix("DynamoDB_20120810.")).collect()
}

/// The sequential exchanges of a cold request, and its reads of DynamoDB.
async fn cold_exchanges(app: &TestApp, ask: impl AsyncFn(&TestApp) -> Answer) -> (usize, Vec<String>) {
    for service in SERVICES {
        // Without a latency, parallel calls could look sequential.
        app.stack.upstream(service).unwrap().set_latency(Duration::from_millis(5));
    }
    app.stack.restart_functions().unwrap();
    app.stack.log().clear();
    let _ = ask(app).await.ok();
    let calls = requests(app);
    (exchanges_in_sequence(&calls), operations(&calls).into_iter().map(str::to_owned).collect())
}

/// Without a store, the exchanges are secret, access token and embed token. With a store, they are the tenant with its entries,
/// and the embed token.
#[tokio::test]
async fn a_cold_request_takes_three_exchanges_and_two_with_the_store() {
    slowly(cold_requests()).await;
}

async fn cold_requests() {
    for setup in SETUPS {
        let app = open(setup, &demo()).await;
        let token = async |app: &TestApp| app.token("carl@contoso", view("sales", "contoso-plan")).await;
        let config = async |app: &TestApp| app.config("carl@contoso", view("sales", "contoso-plan")).await;
        // Fills the store.
        let _ = config(&app).await.ok();
        let expected = match setup {
            Setup { store: false, .. } => 3,
            Setup { store: true, table: true } => 2,
            Setup { store: true, table: false } => 1,
        };
        let (of_token, reads_of_token) = cold_exchanges(&app, token).await;
        let (of_config, reads_of_config) = cold_exchanges(&app, config).await;
        assert_eq!((of_token, of_config), (expected, expected), "{setup:?}: {reads_of_token:?} {reads_of_config:?}");
        let of_catalog = usize::from(setup.table);
        let stored = if setup.store { (1, 2) } else { (0, 0) };
        assert_eq!(reads_of_token, vec!["GetItem"; of_catalog + stored.0], "{setup:?}");
        assert_eq!(reads_of_config, vec!["GetItem"; of_catalog + stored.1], "{setup:?}");
    }
}

/// Entries without copies in the tenant's item need one more exchange, but only with the store.
#[tokio::test]
async fn entries_without_a_copy_need_one_more_exchange() {
    slowly(cold_requests_without_copies()).await;
}

async fn cold_requests_without_copies() {
    let mut catalog = demo();
    catalog["datasets"]["contoso-plan"]["name"] = json!("n".repeat(9_000));
    for (store, expected) in [(false, 3), (true, 3)] {
        let app = open(Setup { table: true, store }, &catalog).await;
        let token = async |app: &TestApp| app.token("carl@contoso", view("sales", "contoso-plan")).await;
        let _ = token(&app).await.ok();
        let (exchanges, reads) = cold_exchanges(&app, token).await;
        assert_eq!(exchanges, expected, "{reads:?}");
        assert_eq!(reads[..2], ["GetItem", "BatchGetItem"], "only entries without a copy are read");
    }
}

/// Everything that a caller can observe of a refusal.
#[derive(Debug, Eq, PartialEq)]
struct Refusal {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
    /// The calls of each service in their order, with the number of requested keys.
    calls: BTreeMap<String, Vec<String>>,
    connections: [usize; 4],
}

fn refusal(app: &TestApp, answer: Answer, connections: [usize; 4]) -> Refusal {
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    let mut body = answer.body;
    body["requestId"].take();
    let mut calls = BTreeMap::<_, Vec<_>>::new();
    for call in app.stack.log().all() {
        let operation = call.header("x-amz-target").unwrap_or_default();
        let keys = call.body["Keys"].as_array().map_or(1, Vec::len);
        calls
            .entry(format!("{:?}", call.service))
            .or_default()
            .push(format!("{} {} {operation} {keys}", call.method, call.path));
    }
    let now = opened(app);
    let connections = std::array::from_fn(|index| now[index] - connections[index]);
    Refusal { status: answer.status, headers, body, calls, connections }
}

fn opened(app: &TestApp) -> [usize; 4] {
    SERVICES.map(|service| app.stack.upstream(service).unwrap().opened_connections())
}

/// The content of an environment's memory when the refused request arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Memory {
    /// Nothing.
    Cold,
    /// Everything that a previous request of an entitled caller has cached.
    Warm,
    /// The same as `Warm`, but too old to be used.
    Outdated,
}

/// Brings an app's memory into this state.
async fn prepare(app: &TestApp, memory: Memory, route: &str) {
    app.stack.restart_functions().unwrap();
    if memory != Memory::Cold {
        let entitled = Refused { why: "", tenant: "contoso", report: "sales", dataset: "contoso-plan" };
        let _ = app.send(event(app, route, &entitled)).await.ok();
    }
    if memory == Memory::Outdated {
        app.clock.advance(Duration::from_hours(2));
    }
}

/// Waits until the access token has arrived. It is fetched while the catalog is read.
async fn fetched_ahead(app: &TestApp) {
    let has_arrived = || app.stack.log().of(Service::Entra).iter().any(|call| call.status.is_some());
    for _ in 0..1000 {
        if has_arrived() {
            // If the function made another call after this answer, it would make it within this time.
            tokio::time::sleep(Duration::from_millis(1)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the access token is not fetched ahead");
}

/// A request that is refused: the tenant of its caller, and the requested report and dataset.
struct Refused {
    why: &'static str,
    tenant: &'static str,
    report: &'static str,
    dataset: &'static str,
}

const REFUSED: [Refused; 6] = [
    Refused { why: "unknown tenant", tenant: "nobody", report: "ops", dataset: "contoso-plan" },
    Refused { why: "tenant without the grant", tenant: "fabrikam", report: "ops", dataset: "fabrikam-sales" },
    Refused { why: "report of another group", tenant: "contoso", report: "ops", dataset: "contoso-plan" },
    Refused { why: "another tenant's dataset", tenant: "contoso", report: "ops", dataset: "fabrikam-sales" },
    Refused { why: "no such report", tenant: "contoso", report: "no-such-report", dataset: "contoso-plan" },
    Refused { why: "no such dataset", tenant: "contoso", report: "ops", dataset: "no-such-dataset" },
];

fn event(app: &TestApp, route: &str, Refused { tenant, report, dataset, .. }: &Refused) -> Value {
    let (method, query) =
        if route == "/datasets" { ("GET", format!("?report={report}")) } else { ("POST", String::new()) };
    let body = view(report, dataset);
    let mut event = app.stack.event(method, &format!("{route}{query}"), Some("carl@contoso"), Some(&body));
    event["requestContext"]["authorizer"]["jwt"]["claims"] =
        json!({ "sub": "someone", "tenant": tenant, "email": "e@x" });
    event
}

/// Every refusal makes the same calls in the same order, opens the same connections, and has the same answer.
#[tokio::test]
async fn the_calls_of_a_refused_request_do_not_depend_on_the_reason() {
    slowly(refused_requests()).await;
}

async fn refused_requests() {
    for setup in SETUPS {
        let app = open(setup, &demo()).await;
        let fetches_ahead = setup.table && !setup.store;
        for memory in [Memory::Cold, Memory::Warm, Memory::Outdated] {
            for route in ["/token", "/config", "/datasets"] {
                let mut refusals = Vec::new();
                for (index, refused) in REFUSED.iter().enumerate() {
                    if index == 0 || memory != Memory::Warm {
                        prepare(&app, memory, route).await;
                    }
                    app.stack.log().clear();
                    let before = opened(&app);
                    let answer = app.send(event(&app, route, refused)).await;
                    answer.assert_problem(403, "not-entitled");
                    if fetches_ahead && memory != Memory::Warm {
                        fetched_ahead(&app).await;
                    }
                    refusals.push((refused.why, refusal(&app, answer, before)));
                }
                let (_, first) = &refusals[0];
                for (why, refusal) in &refusals {
                    assert_eq!(refusal, first, "{why}: {setup:?} {memory:?} {route}");
                }
                let reads = first.calls.get("DynamoDb").map(Vec::len).unwrap_or_default();
                assert_eq!(reads, usize::from(setup.table), "only the tenant is read: {first:?}");
                if memory == Memory::Warm || !fetches_ahead {
                    assert_eq!(first.calls.len(), reads, "nothing else is called: {first:?}");
                }
            }
        }
    }
}
