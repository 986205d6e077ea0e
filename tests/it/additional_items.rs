//! The items in a token besides the bound report and dataset: paginated reports, the datasets of a composite model, a
//! report's own dataset, and reports that pages have saved.

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::fake_tenant::ids;
use serde_json::{Value, json};
use tracing::Level;

const EMAIL: &str = "carl@contoso.example";

fn item(id: (&str, &str), workspace: &str, more: Value) -> Value {
    let mut item = json!({ "name": "N", "workspaceId": workspace, id.0: id.1 });
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn report(id: &str, workspace: &str, more: Value) -> Value {
    item(("reportId", id), workspace, more)
}

fn dataset(id: &str, workspace: &str, more: Value) -> Value {
    item(("datasetId", id), workspace, more)
}

fn identity() -> Value {
    json!({ "username": "{email}" })
}

/// Report `r` over dataset `d`, granted to all users of Contoso.
async fn app(report: Value, dataset: Value) -> TestApp {
    TestApp::with_catalog(json!({
        "reports": { "r": report }, "datasets": { "d": dataset },
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "datasets": ["d"] }] } },
    }))
    .await
}

async fn token_request(app: &TestApp) -> Value {
    let _ = app.token("carl@contoso", view("r", "d")).await.ok();
    app.token_requests().remove(0)
}

/// The problems of the report and of the dataset in the list.
async fn problems(app: &TestApp) -> (Value, Value) {
    let list = app.datasets("carl@contoso", "").await.ok();
    (list["reports"][0]["problems"].clone(), list["datasets"][0]["problems"].clone())
}

#[tokio::test]
async fn paginated_visuals_are_in_the_token() {
    let more = json!({ "paginatedSources": [ids::TEMPLATE_DATASET], "paginatedReports": [ids::INVOICE_REPORT] });
    let shows = report(ids::STATEMENT_REPORT, ids::REPORTS_WORKSPACE, more);
    let plan = dataset(ids::CONTOSO_PLAN, ids::CONTOSO_WORKSPACE, json!({}));
    let sent = token_request(&app(shows, plan).await).await;
    assert_eq!(sent["reports"], json!([{ "id": ids::INVOICE_REPORT }, { "id": ids::STATEMENT_REPORT }]));
    assert_eq!(sent["datasets"], json!([{ "id": ids::CONTOSO_PLAN, "xmlaPermissions": "ReadOnly" }]));
}

#[tokio::test]
async fn the_identity_of_a_paginated_report_names_the_report() {
    let more = json!({ "kind": "paginated", "sourceDatasetId": ids::CONTOSO_PAYSLIPS });
    let paginated = report(ids::PAYSLIP_REPORT, ids::FINANCE_WORKSPACE, more);
    let sales = dataset(ids::CONTOSO_SALES, ids::CONTOSO_WORKSPACE, json!({ "identity": identity() }));
    let sent = token_request(&app(paginated, sales).await).await;
    assert_eq!(
        sent["identities"],
        json!([{ "username": EMAIL, "datasets": [ids::CONTOSO_SALES], "reports": [ids::PAYSLIP_REPORT] }])
    );
}

/// A composite model over one with row-level security.
fn board(needed: Value) -> Value {
    dataset(ids::CONTOSO_BOARD, ids::FINANCE_WORKSPACE, json!({ "alsoNeeds": [needed] }))
}

#[tokio::test]
async fn each_dataset_of_a_composite_model_has_its_own_identity() {
    let sales = report(ids::SALES_REPORT, ids::REPORTS_WORKSPACE, json!({}));
    let needed = json!({ "datasetId": ids::CONTOSO_SALES, "identity": identity() });
    let app = app(sales, board(needed)).await;
    let sent = token_request(&app).await;
    assert_eq!(sent["identities"], json!([{ "username": EMAIL, "datasets": [ids::CONTOSO_SALES] }]));
    assert_eq!(sent["datasets"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_missing_identity_of_an_additional_dataset_is_refused_and_listed() {
    let sales = report(ids::SALES_REPORT, ids::REPORTS_WORKSPACE, json!({}));
    let mut catalog = json!({
        "reports": { "r": sales },
        "datasets": { "d": dataset(ids::CONTOSO_OUTLOOK, ids::CONTOSO_WORKSPACE, json!({ "alsoNeeds": [ids::CONTOSO_SALES] })) },
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "datasets": ["d"] }] } },
    });
    let app = TestApp::with_catalog(catalog.clone()).await;
    app.token("carl@contoso", view("r", "d")).await.assert_problem(502, "upstream-rejected");
    assert_eq!(problems(&app).await, (json!([]), json!(["identity-required"])));

    catalog["datasets"]["d"]["alsoNeeds"] = json!([{ "datasetId": ids::CONTOSO_SALES, "identity": identity() }]);
    assert_eq!(problems(&TestApp::with_catalog(catalog.clone()).await).await, (json!([]), json!([])));

    catalog["datasets"]["d"]["alsoNeeds"][0]["identity"]["username"] = json!("{badge}");
    let app = TestApp::with_catalog(catalog).await;
    assert_eq!(problems(&app).await, (json!([]), json!(["claim-missing"])));
    app.token("carl@contoso", view("r", "d")).await.assert_problem(403, "claim-missing");
}

#[tokio::test]
async fn a_reports_own_dataset_has_its_own_identity() {
    let plan = || dataset(ids::CONTOSO_PLAN, ids::CONTOSO_WORKSPACE, json!({}));
    let payroll = |own: Value| report(ids::PAYROLL_REPORT, ids::FINANCE_WORKSPACE, json!({ "includeOwnDataset": own }));
    let sent = token_request(&app(payroll(json!({ "identity": identity() })), plan()).await).await;
    assert_eq!(sent["identities"], json!([{ "username": EMAIL, "datasets": [ids::CONTOSO_PAYROLL] }]));
    let without = app(payroll(json!(true)), plan()).await;
    without.token("carl@contoso", view("r", "d")).await.assert_problem(502, "upstream-rejected");
    assert_eq!(problems(&without).await, (json!(["identity-required"]), json!([])));
    let left_out = app(payroll(json!(false)), plan()).await;
    assert_eq!(token_request(&left_out).await.get("identities"), None);
}

/// Both keys name the same report. Only Power BI knows the id of the dataset that the report was built on.
#[tokio::test]
async fn two_identities_of_a_reports_own_dataset_are_a_conflict_before_any_call() {
    let payroll = |username: &str| {
        let own = json!({ "includeOwnDataset": { "identity": { "username": username } } });
        report(ids::PAYROLL_REPORT, ids::FINANCE_WORKSPACE, own)
    };
    let plan = dataset(ids::CONTOSO_PLAN, ids::CONTOSO_WORKSPACE, json!({}));
    let app = TestApp::with_catalog(json!({
        "reports": { "r": payroll("{email}"), "same": payroll("everybody") }, "datasets": { "d": plan },
        "tenants": { "contoso": { "grants": [{ "reports": ["r", "same"], "datasets": ["d"] }] } },
    }))
    .await;
    let both = json!({ "bindings": [view("r", "d")["bindings"][0], view("same", "d")["bindings"][0]] });
    let answer = app.token("carl@contoso", both).await;
    answer.assert_problem(400, "bindings-conflict");
    assert_eq!((answer.pointers(), app.upstream_calls()), (vec!["/bindings/1"], vec![]));
    for key in ["r", "same"] {
        let _ = app.token("carl@contoso", view(key, "d")).await.ok();
    }
}

#[tokio::test]
async fn the_bound_entry_decides_if_a_report_is_bound_to_its_own_dataset() {
    let own = json!({ "includeOwnDataset": { "identity": { "username": "template" } } });
    let payroll = report(ids::PAYROLL_REPORT, ids::FINANCE_WORKSPACE, own);
    let bound = dataset(ids::CONTOSO_PAYROLL, ids::CONTOSO_WORKSPACE, json!({ "identity": identity() }));
    let sent = token_request(&app(payroll, bound).await).await;
    assert_eq!(sent["identities"], json!([{ "username": EMAIL, "datasets": [ids::CONTOSO_PAYROLL] }]));
}

/// All users of Contoso may edit the operations report over the plan, and save copies in the workspace of the shared
/// reports.
async fn saving() -> TestApp {
    TestApp::with_catalog(json!({
        "reports": { "r": report(ids::OPS_REPORT, ids::REPORTS_WORKSPACE, json!({})) },
        "datasets": { "d": dataset(ids::CONTOSO_PLAN, ids::CONTOSO_WORKSPACE, json!({})),
                      "e": dataset(ids::CONTOSO_LAKE, ids::CONTOSO_WORKSPACE, json!({})) },
        "tenants": { "contoso": { "grants": [
            { "reports": ["r"], "datasets": ["d"], "modes": ["view", "edit"], "saveTo": ids::REPORTS_WORKSPACE },
            { "reports": ["r"], "datasets": ["e"] },
        ] } },
    }))
    .await
}

#[tokio::test]
async fn a_saved_report_is_opened_by_its_guid_as_the_grant_says() {
    let app = saving().await;
    let body = |dataset: &str, mode: &str| json!({ "bindings": [{ "report": ids::SALES_REPORT, "dataset": dataset, "mode": mode }] });
    let config = app.config("carl@contoso", body("d", "edit")).await.ok()["configs"][0].clone();
    assert_eq!((&config["id"], &config["permissions"]), (&json!(ids::SALES_REPORT), &json!(7)));
    let calls = app.upstream_calls();
    assert!(!calls.iter().any(|call| call.contains("/reports/")), "the list has the embed URL: {calls:?}");
    // The grant with this target does not include this dataset, and a paginated report cannot be bound.
    app.config("carl@contoso", body("e", "view")).await.assert_problem(403, "not-entitled");
    app.config("carl@contoso", view(ids::INVOICE_REPORT, "d")).await.assert_problem(403, "not-entitled");
    app.config("carl@contoso", view(ids::PILOT_REPORT, "d")).await.assert_problem(403, "not-entitled");
}

#[tokio::test]
async fn saved_reports_are_listed_with_their_datasets() {
    let app = saving().await;
    let list = app.datasets("carl@contoso", "").await.ok();
    let keys: Vec<_> = list["reports"].as_array().unwrap().iter().map(|report| report["report"].clone()).collect();
    assert!(keys.contains(&json!(ids::SALES_REPORT)) && keys.contains(&json!("r")), "{keys:?}");
    assert!(!keys.contains(&json!(ids::OPS_REPORT)), "it has a key: {keys:?}");
    let reports_of = |key: &str| {
        let datasets = list["datasets"].as_array().unwrap();
        datasets.iter().find(|dataset| dataset["dataset"] == key).unwrap()["reports"].clone()
    };
    assert!(reports_of("d").as_array().unwrap().contains(&json!(ids::SALES_REPORT)));
    assert_eq!(reports_of("e"), json!(["r"]));

    let only = app.datasets("carl@contoso", &format!("?report={}", ids::SALES_REPORT)).await.ok();
    assert_eq!(only["reports"].as_array().unwrap().len(), 1);
    assert_eq!(only["datasets"].as_array().unwrap().len(), 1);
    app.datasets("carl@contoso", &format!("?report={}", ids::PILOT_REPORT)).await.assert_problem(403, "not-entitled");
}

#[tokio::test]
async fn the_audit_line_says_what_the_token_allows() {
    let log = LogLines::at(Level::INFO);
    let app = saving().await;
    let bindings = json!([{ "report": "r", "dataset": "d", "mode": "edit" }]);
    let _ = app.token("carl@contoso", json!({ "bindings": bindings })).await.ok();
    let lines = log.take();
    let line = lines.iter().find(|line| line["audit"] == "embed-token").unwrap();
    for (field, expected) in [
        ("bindings", json!("edit r d")),
        ("editable_reports", json!(ids::OPS_REPORT)),
        ("target_workspaces", json!(ids::REPORTS_WORKSPACE)),
        ("datasets", json!(ids::CONTOSO_PLAN)),
        ("effective_identity", json!(false)),
    ] {
        assert_eq!(line[field], expected, "{field}: {line:#}");
    }
    assert_eq!(line.get("profile"), None);

    let with_profile = TestApp::open().await;
    let _ = with_profile.token("frida@fabrikam", view("sales", "fabrikam-sales")).await.ok();
    let lines = log.take();
    let line = lines.iter().find(|line| line["audit"] == "embed-token").unwrap();
    assert_eq!((&line["profile"], &line["effective_identity"]), (&json!(ids::FABRIKAM_PROFILE), &json!(true)));
    assert_eq!((&line["editable_reports"], &line["target_workspaces"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_failed_token_request_is_audited() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    app.token("quinn@contoso", view("sales", "contoso-payroll")).await.assert_problem(502, "upstream-rejected");
    let lines = log.take();
    let audit = lines.iter().find(|line| line["audit"] == "embed-token-refused").unwrap();
    assert_eq!((&audit["bindings"], &audit["level"]), (&json!("view sales contoso-payroll"), &json!("WARN")));
    assert_eq!((&audit["tenant"], &audit["subject"]), (&json!("contoso"), &json!("quinn@contoso")));
    let request = lines.iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!((&request["bindings"], &request["request_id"]), (&audit["bindings"], &audit["request_id"]));
}
