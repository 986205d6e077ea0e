//! Replays answers and refusals in their published formats, end to end.
//!
//! `tests/fixtures/powerbi` and `tests/fixtures/entra` name the source of each format. The values are invented.

use std::collections::BTreeMap;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use acceptance::{project, swagger};
use devstack::Fault;
use devstack::fake_tenant::ids;
use serde_json::{Value, json};
use tracing::Level;

const GENERATE_TOKEN: &str = "POST /v1.0/myorg/GenerateToken";

fn table(path: &str) -> Vec<Value> {
    let rows = project::json(path).as_array().unwrap().clone();
    for row in &rows {
        assert!(row["source"].as_str().is_some_and(|source| source.len() > 5), "{path}: {row:#} names no source");
    }
    rows
}

/// The answer of a row. The defaults are status 200, no headers and an empty body.
fn fault(row: &Value) -> Fault {
    let status = u16::try_from(row["status"].as_u64().unwrap_or(200)).unwrap();
    let headers = row["headers"].as_object().into_iter().flatten();
    let mut headers: BTreeMap<_, _> =
        headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    let body = row.get("body").map(Value::to_string).unwrap_or_default();
    if !body.is_empty() {
        headers.insert("content-type".to_owned(), "application/json; odata.metadata=minimal".to_owned());
    }
    Fault::Status { status, headers, body }
}

/// Every text of a body that is longer than a code.
fn sentences(body: &Value) -> Vec<&str> {
    match body {
        Value::String(text) if text.split_whitespace().count() > 2 => vec![text],
        Value::Array(items) => items.iter().flat_map(sentences).collect(),
        Value::Object(fields) => fields.values().flat_map(sentences).collect(),
        _ => Vec::new(),
    }
}

/// Fails unless problem, code and remedy are those of the row, and no sentence of the upstream is repeated.
fn assert_expected(row: &Value, answer: &acceptance::test_app::Answer, log: &LogLines) {
    let (name, expect) = (&row["name"], &row["expect"]);
    assert_eq!(answer.code(), expect["problem"], "{name}: {:#}", answer.body);
    let texts = log.take_texts();
    let line: Value = serde_json::from_str(texts.last().unwrap()).unwrap();
    assert_eq!(line["upstream_code"].as_str(), expect["code"].as_str(), "{name}: {line:#}");
    let cause = line["cause"].as_str().unwrap();
    assert!(cause.contains(expect["cause"].as_str().unwrap()), "{name}: {cause}");
    for sentence in [&row["body"], &row["headers"]].into_iter().flat_map(sentences) {
        let first = sentence.split("\r\n").next().unwrap();
        for text in texts.iter().chain([&answer.body.to_string()]) {
            assert!(!text.contains(first), "{name}: the upstream's text in {text}");
        }
    }
}

#[tokio::test]
async fn refusals_of_power_bi_are_understood() {
    let log = LogLines::at(Level::TRACE);
    for row in table("tests/fixtures/powerbi/refusals.json") {
        let app = TestApp::open().await;
        app.stack.powerbi().fail(GENERATE_TOKEN, fault(&row), None);
        let answer = app.token("carl@contoso", view("sales", "contoso-sales")).await;
        assert_expected(&row, &answer, &log);
        assert_eq!(app.token_requests().len(), row["expect"]["attempts"], "{}", row["name"]);
    }
}

#[tokio::test]
async fn answers_of_power_bi_are_understood() {
    for row in table("tests/fixtures/powerbi/answers.json") {
        let app = TestApp::open().await;
        app.stack.powerbi().fail(row["route"].as_str().unwrap(), fault(&row), None);
        let answer = app.config("carl@contoso", view("sales", "contoso-sales")).await;
        assert_eq!(answer.status, 200, "{}: {:#}", row["name"], answer.body);
        let body = &row["body"];
        if body["token"].is_string() {
            assert_eq!(answer.body["configs"][0]["accessToken"], body["token"]);
            assert_eq!((&answer.body["tokenId"], &answer.body["expiration"]), (&body["tokenId"], &body["expiration"]));
        } else {
            assert_eq!(answer.body["configs"][0]["embedUrl"], body["embedUrl"]);
        }
    }
}

/// A catalog that grants one whole workspace and one of its datasets by key.
async fn app_with_a_workspace_grant() -> TestApp {
    TestApp::with_catalog(json!({
        "reports": {},
        "datasets": {},
        "tenants": { "contoso": { "grants": [{ "reports": [], "workspaces": [ids::CONTOSO_WORKSPACE] }] } },
    }))
    .await
}

#[tokio::test]
async fn one_malformed_dataset_does_not_fail_a_list() {
    let fixture = project::json("tests/fixtures/powerbi/datasets.json");
    let log = LogLines::at(Level::INFO);
    let app = app_with_a_workspace_grant().await;
    let route = format!("GET /v1.0/myorg/groups/{}/datasets", ids::CONTOSO_WORKSPACE);
    app.stack.powerbi().fail(&route, fault(&fixture), None);
    let answer = app.datasets("carl@contoso", "").await.ok();
    let listed = answer["datasets"].as_array().unwrap();
    let keys: Vec<_> = listed.iter().map(|dataset| dataset["dataset"].clone()).collect();
    assert_eq!(Value::from(keys), fixture["keys"]);
    let names: Vec<_> = listed.iter().map(|dataset| dataset["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Few fields", "Pascal case", "Complete", ""]);
    let skipped: Vec<_> = log.take().into_iter().filter(|line| line["skipped"] == 6).collect();
    assert_eq!(skipped.len(), 1, "the log counts the datasets that were left out");
}

#[tokio::test]
async fn a_workspace_may_omit_its_capacity() {
    for row in table("tests/fixtures/powerbi/workspaces.json") {
        let app = app_with_a_workspace_grant().await;
        app.stack.powerbi().fail(&format!("GET /v1.0/myorg/groups/{}", ids::CONTOSO_WORKSPACE), fault(&row), None);
        let answer = app.datasets("carl@contoso", "").await.ok();
        let plan = answer["datasets"].as_array().unwrap().iter().find(|item| item["dataset"] == ids::CONTOSO_PLAN);
        assert_eq!(plan.unwrap()["problems"], row["problems"], "{}", row["name"]);
    }
}

#[tokio::test]
async fn refusals_of_entra_are_understood() {
    let log = LogLines::at(Level::TRACE);
    for row in table("tests/fixtures/entra/refusals.json") {
        let scenario = if row["flow"] == "user" { "organization" } else { "customers" };
        let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", scenario)]).await;
        app.stack.entra().fail("*", fault(&row), None);
        let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
        assert_expected(&row, &answer, &log);
    }
}

#[tokio::test]
async fn answers_of_entra_are_understood() {
    for row in table("tests/fixtures/entra/answers.json") {
        let app = TestApp::open().await;
        app.stack.entra().fail("*", fault(&row), None);
        app.stack.powerbi().fail("*", Fault::empty(403, ("X-PowerBI-Error-Info", "InvalidToken")), None);
        // Power BI refuses this access token. That does not matter for this test.
        app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-refused");
        let bearer = format!("Bearer {}", row["body"]["access_token"].as_str().unwrap());
        let calls = app.stack.powerbi().requests();
        assert!(calls.iter().all(|call| call.header("authorization") == Some(&bearer)), "{}", row["name"]);
    }
}

/// The check of token requests accepts Microsoft's own examples, and nothing else.
#[test]
fn the_schema_of_token_requests_is_the_published_one() {
    let fixture = project::json("tests/fixtures/powerbi/token-requests.json");
    for body in fixture["bodies"].as_array().unwrap() {
        assert_eq!(swagger::faults(body), [""; 0], "{body}");
    }
    for body in fixture["refused"].as_array().unwrap() {
        assert!(!swagger::faults(body).is_empty(), "{body}");
    }
}
