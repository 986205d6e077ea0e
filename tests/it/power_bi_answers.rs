//! How Dynabind interprets the answers of the stand-in for Power BI.

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::Fault;
use devstack::fake_tenant::ids;
use serde_json::{Value, json};
use tracing::Level;

/// A catalog of one tenant that may bind one report to one dataset.
fn catalog(dataset: Value) -> Value {
    json!({
        "reports": { "r": { "name": "R", "workspaceId": ids::REPORTS_WORKSPACE, "reportId": ids::SALES_REPORT } },
        "datasets": { "d": dataset },
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "datasets": ["d"] }] } },
    })
}

fn dataset(workspace: &str, id: &str) -> Value {
    json!({ "name": "D", "workspaceId": workspace, "datasetId": id })
}

/// The cause that the log gives for a refused token.
async fn cause_of(log: &LogLines, app: &TestApp, problem: &str) -> String {
    let answer = app.token("carl@contoso", view("r", "d")).await;
    answer.assert_problem(502, problem);
    let line = log.take_requests().remove(0);
    line["cause"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_missing_build_permission_is_named_as_a_possible_cause() {
    let log = LogLines::at(Level::INFO);
    let reading_room = dataset(ids::READING_ROOM_WORKSPACE, ids::READING_ROOM_DATASET);
    let app = TestApp::with_catalog(catalog(reading_room)).await;
    let cause = cause_of(&log, &app, "upstream-rejected").await;
    assert!(cause.contains("lacks Build"), "{cause}");
    assert_eq!(app.upstream_calls().iter().filter(|call| *call == "EntraToken").count(), 1);
}

/// Power BI requires an identity for every dataset of the token with row-level security.
#[tokio::test]
async fn a_secured_additional_dataset_is_named_as_a_possible_cause() {
    let log = LogLines::at(Level::INFO);
    let mut board = dataset(ids::FINANCE_WORKSPACE, ids::CONTOSO_BOARD);
    board["alsoNeeds"] = json!([ids::CONTOSO_SALES]);
    let mut own = catalog(dataset(ids::CONTOSO_WORKSPACE, ids::CONTOSO_PLAN));
    own["reports"]["r"]["workspaceId"] = json!(ids::FINANCE_WORKSPACE);
    own["reports"]["r"]["reportId"] = json!(ids::PAYROLL_REPORT);
    own["reports"]["r"]["includeOwnDataset"] = json!(true);
    for catalog in [catalog(board), own] {
        let app = TestApp::with_catalog(catalog).await;
        let cause = cause_of(&log, &app, "upstream-rejected").await;
        assert!(cause.contains("`alsoNeeds` or the report's own dataset"), "{cause}");
    }
}

/// A missing membership has nothing to do with the access token, so it is not renewed.
#[tokio::test]
async fn an_inaccessible_workspace_renews_no_access_token() {
    let app = TestApp::with_catalog(json!({
        "reports": {},
        "datasets": { "d": dataset(ids::CLOSED_WORKSPACE, ids::CLOSED_DATASET) },
        "tenants": { "contoso": { "grants": [{ "reports": [], "datasets": ["d"] }] } },
    }))
    .await;
    app.datasets("carl@contoso", "").await.assert_problem(502, "upstream-refused");
    let calls = app.upstream_calls();
    assert_eq!(calls.iter().filter(|call| *call == "EntraToken").count(), 1, "{calls:?}");
}

#[tokio::test]
async fn a_dataset_without_identity_fields_has_no_problem() {
    let mut sales = dataset(ids::CONTOSO_WORKSPACE, ids::CONTOSO_SALES);
    sales["identity"] = json!({ "username": "{email}" });
    let app = TestApp::with_catalog(catalog(sales)).await;
    let silent = json!({ "id": ids::CONTOSO_SALES.to_uppercase(), "name": "D" });
    let list = Fault::json(200, &json!({ "value": [silent] }));
    app.stack.powerbi().fail("GET /v1.0/myorg/groups/*/datasets/*", Fault::json(200, &silent), None);
    app.stack.powerbi().fail("GET /v1.0/myorg/groups/*/datasets", list, None);
    let answer = app.datasets("carl@contoso", "").await.ok();
    assert_eq!(answer["datasets"][0]["problems"], json!([]), "{answer:#}");
}

#[tokio::test]
async fn the_log_names_the_home_cluster() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let line = log.take_requests().remove(0);
    assert_eq!(line["home_cluster"], "wabi-stand-in-redirect.analysis.windows.net");
    // A cached token causes no call.
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert!(log.take_requests()[0]["home_cluster"].is_null());
}

/// A text that is not a host name is not logged.
#[tokio::test]
async fn an_invalid_home_cluster_is_not_logged() {
    let log = LogLines::at(Level::INFO);
    for uri in ["told", "https://", "https://a b/", "https://x@told/", "http://told.example/", "https://told\"/"] {
        let app = TestApp::open().await;
        let refused = Fault::empty(404, ("home-cluster-uri", uri));
        app.stack.powerbi().fail("*", refused, None);
        let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
        answer.assert_problem(502, "upstream-rejected");
        assert!(log.take_requests()[0]["home_cluster"].is_null(), "{uri}");
    }
}

/// A user without consent has to sign in. A token for another application is an error of the page.
#[tokio::test]
async fn each_refusal_of_a_user_by_power_bi_has_its_problem() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", "organization")]).await;
    for (person, audience, problem, code) in [
        ("erik", None, "interaction-required", "AADSTS50079"),
        ("cora", None, "interaction-required", "AADSTS65001"),
        ("paul", None, "interaction-required", "AADSTS53003"),
        ("carl", Some("another-application"), "unauthenticated", "AADSTS500131"),
    ] {
        let mut claims = app.stack.claims_of("carl@contoso");
        claims["email"] = json!(format!("{person}@contoso.example"));
        if let Some(audience) = audience {
            claims["aud"] = json!(audience);
        }
        let body = view("sales", "contoso-plan");
        let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&body));
        event["headers"]["authorization"] = json!(format!("Bearer {}", app.stack.sign(&claims)));
        app.send(event).await.assert_problem(401, problem);
        assert_eq!(log.take_requests()[0]["upstream_code"], code, "{person}");
    }
}

#[tokio::test]
async fn an_expired_client_secret_is_named() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    app.stack.expire_client_secrets();
    app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-refused");
    let line = log.take_requests().remove(0);
    assert_eq!(line["upstream_code"], "AADSTS7000222");
    assert!(line["cause"].as_str().unwrap().contains("expired"), "{line:#}");
}
