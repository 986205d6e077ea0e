//! The page gets the user's Power BI token itself (`DYNABIND_USER_TOKEN=page`).

use std::collections::BTreeSet;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::fake_tenant::ids;
use devstack::{Service, StackOptions};
use dynabind::settings::Settings;
use serde_json::{Value, json};
use tracing::Level;

const PAGE: [(&str, &str); 2] = [("DYNABIND_SCENARIO", "organization"), ("DYNABIND_USER_TOKEN", "page")];

const SCOPE: &str = "https://analysis.windows.net/powerbi/api/.default";

async fn app() -> TestApp {
    TestApp::with_variables(&PAGE).await
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn configs_name_the_scope_and_hold_no_token() {
    let app = app().await;
    let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(members(&answer), ["configs", "scopes"].into());
    assert_eq!(answer["scopes"], json!([SCOPE]));
    let config = &answer["configs"][0];
    let expected = ["datasetBinding", "embedUrl", "id", "permissions", "tokenType", "type", "viewMode"];
    assert_eq!(members(config), expected.into());
    assert_eq!(config["tokenType"], 0);
    assert_eq!(config["datasetBinding"]["datasetId"], ids::CONTOSO_PLAN);
}

#[tokio::test]
async fn look_ups_are_made_on_behalf_of_the_user() {
    let app = app().await;
    let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let exchange = &app.stack.entra().requests()[0].body;
    assert_eq!(exchange["requested_token_use"], "on_behalf_of");
    let calls = app.stack.powerbi().requests();
    let users_token = calls[0].header("authorization").unwrap().trim_start_matches("Bearer ").to_owned();
    assert!(users_token.len() > 8 && !answer.to_string().contains(&users_token), "{answer}");
    let report = format!("GET groups/{}/reports/{}", ids::REPORTS_WORKSPACE, ids::SALES_REPORT);
    assert_eq!(app.upstream_calls(), ["GetSecretValue", "EntraToken", &report]);

    let _ = app.datasets("carl@contoso", "?report=sales").await.ok();
    let calls = app.stack.log().all();
    let exchanges = calls.iter().filter(|call| call.service == Service::Entra && call.method == "POST");
    assert!(exchanges.map(|call| &call.body["requested_token_use"]).eq(["on_behalf_of"]), "{calls:?}");
}

/// Each kind of config, from a catalog that grants all of them to Contoso.
#[tokio::test]
async fn no_kind_of_config_holds_a_token() {
    let report = |id: &str| json!({ "name": "R", "workspaceId": ids::REPORTS_WORKSPACE, "reportId": id });
    let mut invoice = report(ids::INVOICE_REPORT);
    invoice["kind"] = json!("paginated");
    invoice["sourceDatasetId"] = json!(ids::TEMPLATE_DATASET);
    let plan = json!({ "name": "D", "workspaceId": ids::CONTOSO_WORKSPACE, "datasetId": ids::CONTOSO_PLAN });
    let grants = json!([
        { "reports": ["sales"], "datasets": ["plan"], "modes": ["view", "edit", "create"], "saveTo": ids::CONTOSO_WORKSPACE },
        { "reports": ["invoice"], "datasets": ["plan"] },
    ]);
    let app = TestApp::with(StackOptions {
        variables: PAGE.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        catalog: Some(json!({
            "reports": { "sales": report(ids::SALES_REPORT), "invoice": invoice },
            "datasets": { "plan": plan },
            "tenants": { "contoso": { "grants": grants } },
        })),
        ..StackOptions::default()
    })
    .await;
    for (binding, kind) in [
        (json!({ "report": "sales", "dataset": "plan" }), "report"),
        (json!({ "report": "sales", "dataset": "plan", "mode": "edit" }), "report"),
        (json!({ "report": "invoice", "dataset": "plan" }), "report"),
        (json!({ "dataset": "plan", "mode": "create" }), "create"),
    ] {
        let answer = app.config("carl@contoso", json!({ "bindings": [binding] })).await.ok();
        let config = &answer["configs"][0];
        assert_eq!((&config["type"], &config["tokenType"]), (&json!(kind), &json!(0)), "{answer}");
        assert_eq!((config.get("accessToken"), &answer["scopes"]), (None, &json!([SCOPE])), "{answer}");
    }
}

#[tokio::test]
async fn a_token_request_is_refused_with_the_way_to_get_a_token() {
    let app = app().await;
    let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
    answer.assert_problem(400, "invalid-request");
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains(SCOPE) && detail.contains("DYNABIND_USER_TOKEN"), "{detail}");
    assert_eq!(app.upstream_calls(), [""; 0]);

    let china = TestApp::with_variables(&[PAGE[0], PAGE[1], ("DYNABIND_CLOUD", "china")]).await;
    let answer = china.token("carl@contoso", view("sales", "contoso-plan")).await;
    let detail = answer.body["detail"].as_str().unwrap();
    assert!(detail.contains("https://analysis.chinacloudapi.cn/powerbi/api/.default"), "{detail}");
}

#[tokio::test]
async fn the_catalog_decides_in_this_scenario_too() {
    let app = app().await;
    app.config("carl@contoso", view("sales", "fabrikam-sales")).await.assert_problem(403, "not-entitled");
    app.config("nils@northwind", view("sales", "contoso-plan")).await.assert_problem(403, "not-entitled");
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn the_audit_line_says_that_no_token_was_handed_out() {
    let log = LogLines::at(Level::INFO);
    let app = app().await;
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let lines = log.take();
    let audited: Vec<_> = lines.iter().filter(|line| !line["audit"].is_null()).collect();
    assert_eq!(audited.len(), 1, "{lines:#?}");
    let line = audited[0];
    assert_eq!((&line["audit"], &line["tenant"]), (&json!("no-token"), &json!("contoso")));
    assert_eq!((&line["reports"], &line["datasets"]), (&json!(ids::SALES_REPORT), &json!(ids::CONTOSO_PLAN)));
    assert!(line.get("expiration").is_none() && line.get("token_id").is_none(), "{line:#}");

    // A refused request has no audit line.
    app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(400, "invalid-request");
    app.config("mia@contoso", view("sales", "contoso-plan")).await.assert_problem(401, "interaction-required");
    assert!(log.take().iter().all(|line| line["audit"].is_null()));
}

#[test]
fn the_customers_scenario_refuses_the_setting_with_a_remedy() {
    let with = |more: &[(&str, &str)]| {
        let aws = [("AWS_REGION", "r"), ("AWS_ACCESS_KEY_ID", "i"), ("AWS_SECRET_ACCESS_KEY", "k")];
        let all = [&aws[..], &[("DYNABIND_SECRET_ID", "s")], more].concat();
        let value = |name: &str| all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Settings::from_vars(&value).map_err(|faults| faults.0)
    };
    assert!(with(&PAGE).is_ok());
    for (variables, remedy) in [
        (&[("DYNABIND_USER_TOKEN", "page")][..], "DYNABIND_SCENARIO=organization"),
        (&[("DYNABIND_SCENARIO", "customers"), ("DYNABIND_USER_TOKEN", "page")], "DYNABIND_SCENARIO=organization"),
        (&[("DYNABIND_USER_TOKEN", "browser")], "server or page"),
    ] {
        let faults = with(variables).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].place, "DYNABIND_USER_TOKEN");
        assert!(faults[0].detail.contains(remedy), "{}", faults[0].detail);
    }
}
