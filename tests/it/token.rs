//! `POST /token`.

use acceptance::test_app::{TestApp, view};
use serde_json::json;

#[tokio::test]
async fn one_token_covers_all_bindings() {
    let app = TestApp::open().await;
    let body = json!({ "bindings": [
        { "report": "sales", "dataset": "contoso-sales" },
        { "report": "sales", "dataset": "contoso-plan", "mode": "edit" },
        { "report": "ops", "dataset": "contoso-plan" },
    ], "lifetimeMinutes": 45 });
    let answer = app.token("ana@contoso", body).await.ok();
    assert_eq!(answer["tokenType"], "Embed");
    assert_eq!(answer["expiration"], "2026-11-24T03:45:00Z");
    assert_eq!(answer["refreshAfter"], "2026-11-24T03:35:00Z");
    assert_eq!(
        app.token_requests(),
        [json!({
            "datasets": [{ "id": "03821c9b-7d38-495d-b2c1-04ff0a005df1" }, { "id": "38f15f36-9584-44ca-ba9a-edb632765765" }],
            "reports": [
                { "id": "8c8c76eb-e446-49b3-a3a7-60125c622a84" },
                { "id": "c294daab-3e50-4317-b0b8-639e5a42e0f1", "allowEdit": true },
            ],
            "targetWorkspaces": [{ "id": "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f" }],
            "identities": [{
                "username": "ana@contoso.example",
                "datasets": ["03821c9b-7d38-495d-b2c1-04ff0a005df1"],
            }],
            "lifetimeInMinutes": 45,
        })]
    );
}

#[tokio::test]
async fn a_view_token_without_identity_has_neither_field() {
    let app = TestApp::open().await;
    let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(
        app.token_requests(),
        [json!({
            "datasets": [{ "id": "38f15f36-9584-44ca-ba9a-edb632765765" }],
            "reports": [{ "id": "c294daab-3e50-4317-b0b8-639e5a42e0f1" }],
        })]
    );
    assert!(app.stack.embed_token(answer["token"].as_str().unwrap()).is_some());
}

#[tokio::test]
async fn the_only_dataset_need_not_be_named() {
    let app = TestApp::open().await;
    let body = json!({ "bindings": [{ "report": "sales" }] });
    let _ = app.token("frida@fabrikam", body.clone()).await.ok();
    assert_eq!(app.token_requests()[0]["datasets"], json!([{ "id": "9b097e30-c25e-4df7-b8f0-f55c6e5d240e" }]));

    let several = app.token("carl@contoso", body).await;
    several.assert_problem(400, "dataset-required");
    assert_eq!(several.pointers(), ["/bindings/0/dataset"]);
}

#[tokio::test]
async fn a_token_needs_no_report_metadata() {
    let app = TestApp::open().await;
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(app.upstream_calls(), ["GetSecretValue", "EntraToken", "POST GenerateToken"]);
}
