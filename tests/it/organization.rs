//! The organization scenario: Dynabind calls Power BI as the user.

mod challenges;
mod page;

use acceptance::test_app::{TestApp, view};
use devstack::fake_tenant::ids;
use devstack::{Fault, Service, StackOptions};
use serde_json::{Value, json};

async fn app() -> TestApp {
    TestApp::with_variables(&[("DYNABIND_SCENARIO", "organization")]).await
}

#[tokio::test]
async fn the_page_gets_the_users_own_token() {
    let app = app().await;
    let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(answer["tokenType"], "Aad");
    assert_eq!(answer.get("tokenId"), None);
    assert_eq!(app.upstream_calls(), ["GetSecretValue", "EntraToken"], "no embed token is made");

    let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let config = &answer["configs"][0];
    assert_eq!(config["tokenType"], 0);
    assert_eq!(config["datasetBinding"]["datasetId"], "38f15f36-9584-44ca-ba9a-edb632765765");
    assert_eq!(answer.get("tokenId"), None);
}

#[tokio::test]
async fn entra_is_called_on_behalf_of_the_user() {
    let app = app().await;
    let event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    let _ = app.send(event.clone()).await.ok();
    let calls = app.stack.entra().requests();
    let form = &calls[0].body;
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(form["requested_token_use"], "on_behalf_of");
    assert_eq!(
        format!("Bearer {}", form["assertion"].as_str().unwrap()),
        event["headers"]["authorization"].as_str().unwrap()
    );
}

#[tokio::test]
async fn users_share_nothing() {
    let app = app().await;
    let body = view("sales", "contoso-plan");
    let event = |path: &str, user: &str| app.stack.event("POST", path, Some(user), Some(&body));
    let [carl, ana] = ["carl@contoso", "ana@contoso"].map(|user| event("/token", user));
    let carls = app.send(carl.clone()).await.ok()["token"].clone();
    assert_ne!(app.send(ana).await.ok()["token"], carls);
    app.stack.log().clear();
    assert_eq!(app.send(carl).await.ok()["token"], carls);
    assert_eq!(app.upstream_calls(), [""; 0]);

    // Metadata depends on what the user may see, so it is cached for that user only.
    for user in ["carl@contoso", "ana@contoso"] {
        let event = event("/config", user);
        let _ = app.send(event.clone()).await.ok();
        let asked = app.upstream_calls();
        assert!(asked.iter().any(|call| call.contains("reports")), "{user}: {asked:?}");
        let _ = app.send(event).await.ok();
        assert_eq!(app.upstream_calls(), [""; 0], "{user}");
    }
}

#[tokio::test]
async fn the_catalog_decides_in_this_scenario_too() {
    let app = app().await;
    app.token("carl@contoso", view("sales", "fabrikam-sales")).await.assert_problem(403, "not-entitled");
    app.token("nils@northwind", view("sales", "contoso-plan")).await.assert_problem(403, "not-entitled");
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn a_bearer_token_for_another_application_is_a_clear_401() {
    let app = app().await;
    let mut claims = app.stack.claims_of("carl@contoso");
    claims["aud"] = json!("another-application");
    let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    event["headers"]["authorization"] = json!(format!("Bearer {}", app.stack.sign(&claims)));
    let answer = app.send(event.clone()).await;
    answer.assert_problem(401, "unauthenticated");
    assert!(answer.body["detail"].as_str().unwrap().contains("audience"));
    assert_eq!(answer.header("x-amzn-remapped-www-authenticate"), "Bearer error=\"invalid_token\"");

    // Without the text of the token, the function cannot act on behalf of the user.
    event["headers"].as_object_mut().unwrap().remove("authorization");
    app.send(event).await.assert_problem(401, "unauthenticated");
}

#[tokio::test]
async fn row_level_security_is_left_to_power_bi() {
    let dataset = |id: &str, identity: Value| {
        let mut dataset = json!({ "name": "D", "workspaceId": ids::CONTOSO_WORKSPACE, "datasetId": id });
        if !identity.is_null() {
            dataset["identity"] = identity;
        }
        dataset
    };
    let app = TestApp::with(StackOptions {
        variables: [("DYNABIND_SCENARIO".to_owned(), "organization".to_owned())].into(),
        catalog: Some(json!({
            "reports": {},
            "datasets": {
                "wants-one": dataset(ids::CONTOSO_PAYROLL, Value::Null),
                "wants-none": dataset(ids::CONTOSO_PLAN, json!({ "username": "{email}" })),
                "wants-a-claim": dataset(ids::CONTOSO_SALES, json!({ "username": "{no_such_claim}" })),
            },
            "tenants": { "contoso": { "grants": [{ "reports": [], "datasets": ["wants-one", "wants-none", "wants-a-claim"] }] } },
        })),
        ..StackOptions::default()
    })
    .await;
    let answer = app.datasets("ana@contoso", "").await.ok();
    assert!(answer["datasets"].as_array().unwrap().iter().all(|item| item["bindable"] == true), "{answer:#}");
    let calls = app.stack.log().all();
    let bearers: std::collections::BTreeSet<_> = calls
        .iter()
        .filter(|call| call.service == Service::PowerBi)
        .filter_map(|call| call.header("authorization"))
        .collect();
    assert_eq!(bearers.len(), 1, "every call is made as the user");
}

#[tokio::test]
async fn a_failed_renewal_keeps_the_old_token() {
    let app = app().await;
    let body = view("sales", "contoso-plan");
    let event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&body));
    let first = app.send(event.clone()).await.ok()["token"].clone();
    app.clock.advance(std::time::Duration::from_mins(45));
    app.stack.entra().fail("*", Fault::HtmlBadGateway, None);
    assert_eq!(app.send(event).await.ok()["token"], first);
}
