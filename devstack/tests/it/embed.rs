//! The embed host: the data that a token shows, and its errors.

use devstack::fake_tenant::ids;
use devstack::{Port, Stack, StackOptions};
use serde_json::{Value, json};

use crate::client::{Reply, generate, send};

async fn stack() -> Stack {
    let options = StackOptions { embed_port: Some(Port::Any), ..StackOptions::default() };
    Stack::start(options).await.unwrap()
}

async fn sim(stack: &Stack, path: &str, body: &Value) -> Reply {
    let url = format!("https://127.0.0.1:{}/sim/{path}", stack.embed_port().unwrap());
    send("POST", &url, &[("content-type", "application/json")], &body.to_string()).await
}

/// An embed token for the sales report over one dataset, for one user.
async fn token(stack: &Stack, dataset: &str, user: Option<&str>) -> String {
    let mut request = json!({"reports": [{"id": ids::SALES_REPORT}], "datasets": [{"id": dataset}]});
    if let Some(user) = user {
        request["identities"] = json!([{"username": user, "datasets": [dataset]}]);
    }
    generate(stack, &request).await.json()["token"].as_str().unwrap().to_owned()
}

fn config(token: &str, dataset: Option<&str>) -> Value {
    json!({
        "tokenType": 1, "accessToken": token, "reportId": ids::SALES_REPORT,
        "datasetId": dataset, "permissions": 0, "viewMode": 0,
    })
}

fn error(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["errorCode"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_bound_datasets_rows_are_shown_only_to_the_viewer_of_the_token() {
    let stack = stack().await;
    for (user, first) in [("ana@contoso.example", "Berlin"), ("carl@contoso.example", "Lyon")] {
        let token = token(&stack, ids::CONTOSO_SALES, Some(user)).await;
        let shown = sim(&stack, "load", &config(&token, Some(ids::CONTOSO_SALES))).await.json();
        assert_eq!(shown["reportName"], "Sales overview");
        assert_eq!(shown["datasetName"], "Contoso sales");
        assert_eq!(shown["workspace"], "Contoso");
        assert_eq!(shown["identity"]["username"], user);
        assert_eq!(shown["rows"][0]["label"], first);
        let info = sim(&stack, "token-info", &json!({ "accessToken": token })).await.json();
        assert_eq!(info["identities"][0]["username"], user);
    }
}

#[tokio::test]
async fn a_token_shows_nothing_that_it_does_not_cover() {
    let stack = stack().await;
    let token = token(&stack, ids::CONTOSO_PLAN, None).await;
    let good = config(&token, Some(ids::CONTOSO_PLAN));
    assert_eq!(sim(&stack, "load", &good).await.status, 200);
    let denied = "PowerBINotAuthorizedException";
    let table = [
        (json!({"datasetId": null}), 403, denied),
        (json!({"datasetId": ids::FABRIKAM_SALES}), 403, denied),
        (json!({"datasetId": ids::MISSING_DATASET}), 404, "PowerBIEntityNotFound"),
        (json!({"reportId": ids::OPS_REPORT}), 403, denied),
        (json!({"reportId": ids::MISSING_REPORT}), 404, "PowerBIEntityNotFound"),
        (json!({"permissions": 1}), 403, denied),
        (json!({"permissions": 2}), 403, denied),
        (json!({"tokenType": 0}), 403, denied),
        (json!({"tokenType": 7}), 400, "Invalid parameters"),
        (json!({"accessToken": "x"}), 403, denied),
    ];
    for (change, status, code) in table {
        let mut request = good.clone();
        let changes = change.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(changes);
        let reply = sim(&stack, "load", &request).await;
        assert_eq!(error(&reply), (status, code.to_owned()), "{change}");
    }
    stack.expire_embed_tokens();
    assert_eq!(error(&sim(&stack, "load", &good).await), (403, "TokenExpired".to_owned()));
}

#[tokio::test]
async fn a_composite_dataset_needs_its_sources_in_the_token() {
    let stack = stack().await;
    let ask = async |datasets: Value| {
        let request = json!({"reports": [{"id": ids::SALES_REPORT}], "datasets": datasets});
        let token = generate(&stack, &request).await.json()["token"].as_str().unwrap().to_owned();
        sim(&stack, "load", &config(&token, Some(ids::CONTOSO_OUTLOOK))).await
    };
    let read_only = |id: &str| json!({"id": id, "xmlaPermissions": "ReadOnly"});
    let whole = json!([read_only(ids::CONTOSO_OUTLOOK), read_only(ids::CONTOSO_PLAN)]);
    assert_eq!(ask(whole).await.status, 200);
    for part in
        [json!([read_only(ids::CONTOSO_OUTLOOK)]), json!([{"id": ids::CONTOSO_OUTLOOK}, read_only(ids::CONTOSO_PLAN)])]
    {
        assert_eq!(error(&ask(part).await), (400, "LoadReportFailed".to_owned()));
    }
}

#[tokio::test]
async fn embed_urls_lead_to_this_host_and_port() {
    let stack = stack().await;
    let path = format!("groups/{}/reports/{}", ids::REPORTS_WORKSPACE, ids::SALES_REPORT);
    let report = crate::client::powerbi(&stack, &path).await.json();
    let start = format!("https://app.powerbi.com:{}/reportEmbed?", stack.embed_port().unwrap());
    assert!(report["embedUrl"].as_str().unwrap().starts_with(&start));
    let page = format!("https://127.0.0.1:{}/reportEmbed?x=y", stack.embed_port().unwrap());
    let page = crate::client::get(&page, &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
}

/// An embed token that is granted.
async fn granted(stack: &Stack, request: &Value) -> String {
    let reply = generate(stack, request).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["token"].as_str().unwrap().to_owned()
}

/// The reference requires the id of the paginated report in the request, but documents no refusal without it. So the
/// stand-in makes the token, and the report does not load.
#[tokio::test]
async fn a_paginated_visual_needs_its_report_in_the_token() {
    let stack = stack().await;
    let ask = async |reports: &[&str]| {
        let reports: Vec<_> = reports.iter().map(|id| json!({ "id": id })).collect();
        let datasets = json!([{"id": ids::CONTOSO_PLAN, "xmlaPermissions": "ReadOnly"}]);
        let token = granted(&stack, &json!({"reports": reports, "datasets": datasets})).await;
        let mut load = config(&token, Some(ids::CONTOSO_PLAN));
        load["reportId"] = json!(ids::STATEMENT_REPORT);
        sim(&stack, "load", &load).await
    };
    let denied = ask(&[ids::STATEMENT_REPORT]).await;
    assert_eq!(error(&denied), (403, "PowerBINotAuthorizedException".to_owned()));
    assert!(denied.text.contains("paginated report"), "{}", denied.text);
    assert_eq!(ask(&[ids::STATEMENT_REPORT, ids::INVOICE_REPORT]).await.status, 200);
}

/// Without an identity for the report, `UserID` is the service principal's object id, which matches no row.
#[tokio::test]
async fn a_paginated_report_filters_by_the_identity_that_names_it() {
    let stack = stack().await;
    let rows = async |identities: Value| {
        let datasets = json!([{"id": ids::CONTOSO_PAYSLIPS, "xmlaPermissions": "ReadOnly"}]);
        let mut request = json!({"reports": [{"id": ids::PAYSLIP_REPORT}], "datasets": datasets});
        if !identities.is_null() {
            request["identities"] = identities;
        }
        let token = granted(&stack, &request).await;
        let mut load = config(&token, Some(ids::CONTOSO_PAYSLIPS));
        load["reportId"] = json!(ids::PAYSLIP_REPORT);
        sim(&stack, "load", &load).await.json()["rows"].clone()
    };
    assert_eq!(rows(Value::Null).await, json!([]));
    let carl = json!([{"username": "carl@contoso.example", "reports": [ids::PAYSLIP_REPORT]}]);
    assert_eq!(rows(carl).await, json!([{"label": "April", "value": 3900}]));
}

#[tokio::test]
async fn nothing_on_a_paused_capacity_loads() {
    let stack = stack().await;
    let items = json!({"reports": [{"id": ids::PAUSED_REPORT}], "datasets": [{"id": ids::PAUSED_DATASET}]});
    let token = granted(&stack, &items).await;
    let mut load = config(&token, Some(ids::PAUSED_DATASET));
    load["reportId"] = json!(ids::PAUSED_REPORT);
    assert_eq!(error(&sim(&stack, "load", &load).await), (400, "LoadReportFailed".to_owned()));
}
