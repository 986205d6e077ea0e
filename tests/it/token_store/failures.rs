//! Failures of the table: no request fails that would have succeeded without it.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::dynamodb::{SharedTables, TOKEN_TABLE};
use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::{Fault, Service};
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::Level;

use super::{made, open, restart};

/// Far longer than the store may delay the requests, and far shorter than attempts at an upstream that hangs.
const BOUND: Duration = Duration::from_secs(12);

/// One way in which the table can fail.
struct Trouble {
    name: &'static str,
    befall: fn(&TestApp, &SharedTables),
    /// Whether the log must report it.
    is_told: bool,
}

fn fail(app: &TestApp, fault: Fault) {
    app.stack.upstream(Service::DynamoDb).unwrap().fail("*", fault, None);
}

fn error(status: u16, code: &str) -> Fault {
    Fault::json(status, &json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "told" }))
}

fn refuse(tables: &SharedTables, operation: &'static str) {
    tables.lock().refuse(operation, "AccessDeniedException");
}

fn spoil(tables: &SharedTables, change: impl Fn(&mut Value)) {
    tables.lock().items(TOKEN_TABLE).for_each(|(_, item)| change(item));
}

const TROUBLES: [Trouble; 16] = [
    Trouble { name: "slow", befall: |app, _| fail(app, Fault::Delay { delay_ms: 400 }), is_told: true },
    Trouble { name: "silent", befall: |app, _| fail(app, Fault::Hang), is_told: true },
    Trouble { name: "slow drip", befall: |app, _| fail(app, Fault::SlowDrip { interval_ms: 20 }), is_told: true },
    Trouble { name: "broken connections", befall: |app, _| fail(app, Fault::ResetBeforeAnswer), is_told: true },
    Trouble { name: "half answers", befall: |app, _| fail(app, Fault::TruncatedJson), is_told: true },
    Trouble { name: "HTML", befall: |app, _| fail(app, Fault::HtmlBadGateway), is_told: true },
    Trouble { name: "huge answers", befall: |app, _| fail(app, Fault::HugeBody { bytes: 10_000_000 }), is_told: true },
    Trouble {
        name: "throttled",
        befall: |app, _| fail(app, error(400, "ProvisionedThroughputExceededException")),
        is_told: true,
    },
    Trouble { name: "internal errors", befall: |app, _| fail(app, error(500, "InternalServerError")), is_told: true },
    Trouble { name: "missing", befall: |app, _| fail(app, error(400, "ResourceNotFoundException")), is_told: true },
    Trouble { name: "another key", befall: |app, _| fail(app, error(400, "ValidationException")), is_told: true },
    Trouble { name: "forbidden", befall: |app, _| fail(app, error(400, "AccessDeniedException")), is_told: true },
    Trouble { name: "read-only", befall: |_, tables| refuse(tables, "PutItem"), is_told: false },
    Trouble { name: "write-only", befall: |_, tables| refuse(tables, "GetItem"), is_told: true },
    Trouble {
        name: "items of other programs",
        befall: |_, tables| spoil(tables, |item| *item = json!({ "pk": item["pk"], "other": { "N": "1" } })),
        is_told: false,
    },
    Trouble {
        name: "garbage in each value",
        befall: |_, tables| {
            spoil(tables, |item| {
                item["value"]["S"] = json!("{\"token\":\"stolen\"");
                item["claimed_until"] = json!({ "N": "99999999999999" });
            });
        },
        is_told: false,
    },
];

/// The answers to a caller, without the fields that differ between two requests.
async fn answers(app: &TestApp) -> Vec<Value> {
    let mut answers = Vec::new();
    for (user, report, dataset) in [
        ("carl@contoso", "sales", "contoso-plan"),
        ("ana@contoso", "ops", "contoso-sales"),
        ("nils@northwind", "sales", "x"),
    ] {
        let token = app.token(user, view(report, dataset)).await;
        let config = app.config(user, view(report, dataset)).await;
        let list = app.datasets(user, "").await;
        assert!(!token.body.to_string().contains("stolen") && !config.body.to_string().contains("stolen"));
        let binding = config.body["configs"][0]["datasetBinding"].clone();
        answers.push(json!([token.status, config.status, binding, list.status, list.body["datasets"]]));
    }
    answers
}

#[tokio::test]
async fn no_request_fails_that_would_have_succeeded_without_the_store() {
    let expected = answers(&TestApp::open().await).await;
    for Trouble { name, befall, is_told } in TROUBLES {
        let log = LogLines::at(Level::INFO);
        let tables = SharedTables::default();
        let app = open(&tables, &[]).await;
        // The table is filled, and the failure begins before a new environment reads it.
        assert_eq!(answers(&app).await, expected, "{name}: before");
        restart(&app);
        befall(&app, &tables);
        let _ = log.take();
        let started = Instant::now();
        assert_eq!(answers(&app).await, expected, "{name}");
        assert!(started.elapsed() < BOUND, "{name}: {:?}", started.elapsed());
        let lines = log.take_requests();
        let told =
            lines.iter().filter(|line| line["cause"].as_str().is_some_and(|c| c.contains("token store"))).count();
        assert!(told > 0 || !is_told, "{name}: {lines:#?}");
        assert!(told < lines.len(), "{name}: after a failure, the store is not used for a while: {lines:#?}");
        if is_told {
            // After a while, the store is used again.
            app.stack.upstream(Service::DynamoDb).unwrap().clear_faults();
            app.clock.advance(Duration::from_secs(11));
            assert_eq!(answers(&app).await, expected, "{name}: afterwards");
        }
    }
}

/// A table that is down costs only one connection attempt.
#[tokio::test]
async fn requests_succeed_if_the_table_refuses_connections() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    app.stack.upstream(Service::DynamoDb).unwrap().refuse_connections().await;
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let nowhere = TestApp::with_variables(&[
        ("DYNABIND_TOKEN_STORE", "dynamodb:dynabind-tokens"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
    ])
    .await;
    let _ = nowhere.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
}

/// An environment that fails while it holds the claim does not delay the others.
#[tokio::test]
async fn a_refusal_by_power_bi_delays_no_other_environment() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let refusal = Fault::Status { status: 400, headers: BTreeMap::new(), body: String::new() };
    app.stack.powerbi().fail("POST /v1.0/myorg/GenerateToken", refusal, None);
    let started = Instant::now();
    for _ in 0..3 {
        app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-rejected");
        restart(&app);
    }
    assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
    app.stack.powerbi().clear_faults();
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(made(&app), 1);
}
