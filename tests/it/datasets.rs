//! `GET /datasets`.

use acceptance::test_app::TestApp;
use devstack::Fault;
use serde_json::{Value, json};

/// The problems of each item, by key.
fn problems(items: &Value, key: &str) -> Value {
    let entry = |item: &Value| (item[key].as_str().unwrap().to_owned(), item["problems"].clone());
    Value::Object(items.as_array().unwrap().iter().map(entry).collect())
}

#[tokio::test]
async fn a_caller_sees_what_may_be_bound() {
    let app = TestApp::open().await;
    let answer = app.datasets("frida@fabrikam", "").await.ok();
    assert_eq!(
        answer,
        json!({
            "reports": [{ "report": "sales", "name": "Sales overview", "kind": "report", "bindable": true, "problems": [] }],
            "datasets": [{
                "dataset": "fabrikam-sales", "name": "Fabrikam sales",
                "datasetId": "9b097e30-c25e-4df7-b8f0-f55c6e5d240e", "workspaceId": "d390ba2f-764b-4b81-9414-213751c827e8",
                "reports": ["sales"], "modes": ["view"], "bindable": true, "problems": [],
            }],
        })
    );
}

#[tokio::test]
async fn modes_and_reports_are_the_union_of_the_grants_sorted() {
    let app = TestApp::open().await;
    let answer = app.datasets("ana@contoso", "").await.ok();
    let plan = answer["datasets"].as_array().unwrap().iter().find(|item| item["dataset"] == "contoso-plan").unwrap();
    assert_eq!((&plan["modes"], &plan["reports"]), (&json!(["view", "edit"]), &json!(["ops", "sales"])));
    let keys: Vec<_> = answer["datasets"].as_array().unwrap().iter().map(|item| item["dataset"].as_str()).collect();
    assert!(keys.is_sorted());

    let answer = app.datasets("ana@contoso", "?report=ops").await.ok();
    assert_eq!(problems(&answer["reports"], "report"), json!({ "ops": [] }));
    assert_eq!(answer["datasets"][0]["reports"], json!(["ops"]));
    for report in ["ops", "no-such-report"] {
        app.datasets("carl@contoso", &format!("?report={report}")).await.assert_problem(403, "not-entitled");
    }
}

#[tokio::test]
async fn every_problem_is_found_in_power_bi() {
    let app = TestApp::open().await;
    let answer = app.datasets("quinn@contoso", "").await.ok();
    assert_eq!(
        problems(&answer["reports"], "report"),
        json!({ "sales": [], "retired": ["report-not-found"], "pilot": ["workspace-not-on-capacity"] })
    );
    let found = problems(&answer["datasets"], "dataset");
    let expected = json!({
        "contoso-archive": ["dataset-not-found"],
        "contoso-trial": ["workspace-not-on-capacity"],
        "contoso-payroll": ["identity-required"],
        "contoso-regions": ["identity-roles-required"],
        "contoso-plan-by-person": ["identity-not-supported"],
        "contoso-sales-by-cost-center": ["claim-missing"],
        "contoso-sales": [],
        "contoso-plan": [],
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn nothing_is_looked_up_twice() {
    let app = TestApp::open().await;
    let _ = app.datasets("quinn@contoso", "").await.ok();
    let mut calls = app.upstream_calls();
    calls.sort();
    let unique: std::collections::BTreeSet<_> = calls.iter().collect();
    assert_eq!(unique.len(), calls.len(), "{calls:#?}");
    let _ = app.datasets("quinn@contoso", "").await.ok();
    let again = app.upstream_calls();
    assert!(
        again.iter().all(|call| call.contains("bf6050d7") || call.contains("c685dd2e")),
        "only items that were not found: {again:?}"
    );
}

#[tokio::test]
async fn one_unreadable_workspace_does_not_fail_the_list() {
    let app = TestApp::open().await;
    let refused = Fault::empty(401, ("X-PowerBI-Error-Info", "GroupNotAccessible"));
    app.stack.powerbi().fail("GET /v1.0/myorg/groups/a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f*", refused, None);
    let answer = app.datasets("carl@contoso", "").await.ok();
    assert_eq!(problems(&answer["reports"], "report"), json!({ "sales": [] }));
    assert_eq!(
        problems(&answer["datasets"], "dataset"),
        json!({ "contoso-plan": ["lookup-failed"], "contoso-sales": ["lookup-failed"] })
    );
    assert!(answer["datasets"].as_array().unwrap().iter().all(|item| item["bindable"] == false));
}

#[tokio::test]
async fn a_list_without_a_readable_item_fails() {
    let app = TestApp::open().await;
    let down = Fault::Status { status: 503, headers: std::collections::BTreeMap::new(), body: String::new() };
    app.stack.powerbi().fail("GET /v1.0/myorg/groups/*", down, None);
    app.datasets("carl@contoso", "").await.assert_problem(502, "upstream-failed");
}

#[tokio::test]
async fn a_caller_without_a_grant_sees_an_empty_list() {
    let app = TestApp::with_catalog(json!({
        "reports": {}, "datasets": {}, "tenants": { "contoso": { "grants": [] } },
    }))
    .await;
    assert_eq!(app.datasets("carl@contoso", "").await.ok(), json!({ "reports": [], "datasets": [] }));
    assert_eq!(app.upstream_calls(), [""; 0]);
    app.datasets("frida@fabrikam", "").await.assert_problem(403, "not-entitled");
}
