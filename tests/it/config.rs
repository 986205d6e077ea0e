//! `POST /config`.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::Service;
use serde_json::{Value, json};

const SALES: &str = "c294daab-3e50-4317-b0b8-639e5a42e0f1";
const WORKSPACE: &str = "191d5d7a-e4e4-4b20-8ecc-5e1b3de14852";

#[tokio::test]
async fn a_config_has_the_form_that_the_client_expects() {
    let app = TestApp::open().await;
    let answer = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    let config = &answer["configs"][0];
    assert!(config["embedUrl"].as_str().unwrap().starts_with("https://app.powerbi.com/reportEmbed?reportId="));
    assert!(config["accessToken"].as_str().unwrap().starts_with("H4sI"));
    let mut rest = config.clone();
    rest.as_object_mut().unwrap().retain(|name, _| name != "embedUrl" && name != "accessToken");
    assert_eq!(
        rest,
        json!({
            "type": "report", "tokenType": 1, "id": SALES, "permissions": 0, "viewMode": 0,
            "datasetBinding": { "datasetId": "03821c9b-7d38-495d-b2c1-04ff0a005df1" },
        })
    );
}

#[tokio::test]
async fn configs_keep_the_order_of_the_bindings_and_share_one_token() {
    let app = TestApp::open().await;
    let body = json!({ "bindings": [
        { "report": "ops", "dataset": "contoso-plan" },
        { "report": "sales", "dataset": "contoso-sales", "mode": "edit" },
        { "report": "sales", "dataset": "contoso-plan" },
    ] });
    let answer = app.config("ana@contoso", body).await.ok();
    let configs = answer["configs"].as_array().unwrap();
    let summary: Vec<Value> = configs.iter().map(|c| json!([c["id"], c["permissions"], c["viewMode"]])).collect();
    assert_eq!(
        summary,
        [json!(["8c8c76eb-e446-49b3-a3a7-60125c622a84", 0, 0]), json!([SALES, 7, 1]), json!([SALES, 0, 0])]
    );
    assert!(configs.iter().all(|config| config["accessToken"] == configs[0]["accessToken"]));
    let calls = app.upstream_calls();
    assert_eq!(calls.len(), 5, "one look-up for each report, not for each binding: {calls:?}");
}

#[tokio::test]
async fn two_tenants_see_their_own_data_in_the_same_report() {
    let app = TestApp::open().await;
    let mut seen = Vec::new();
    for (user, dataset) in [("carl@contoso", "contoso-sales"), ("frida@fabrikam", "fabrikam-sales")] {
        let answer = app.config(user, view("sales", dataset)).await.ok();
        let config = &answer["configs"][0];
        assert_eq!(config["id"], SALES);
        let granted = app.stack.embed_token(config["accessToken"].as_str().unwrap()).unwrap();
        seen.push(granted["identities"][0]["username"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["carl@contoso.example", "frida@fabrikam.example"]);
}

#[tokio::test]
async fn a_cold_config_takes_three_round_trips_and_a_warm_one_takes_one() {
    let app = TestApp::open().await;
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let calls = app.upstream_calls();
    let report = format!("GET groups/{WORKSPACE}/reports/{SALES}");
    assert_eq!(calls[..2], ["GetSecretValue", "EntraToken"]);
    assert!(
        calls.contains(&"POST GenerateToken".to_owned()) && calls.contains(&report) && calls.len() == 4,
        "{calls:?}"
    );

    let _ = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(app.upstream_calls(), ["POST GenerateToken"]);

    let _ = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn the_token_and_the_look_up_are_requested_in_parallel() {
    let app = TestApp::open().await;
    let slow = devstack::Fault::Delay { delay_ms: 400 };
    app.stack.powerbi().fail("GET /v1.0/myorg/groups/*", slow.clone(), Some(1));
    app.stack.powerbi().fail("POST /v1.0/myorg/GenerateToken", slow, Some(1));
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let calls = app.stack.powerbi().calls();
    let at = |part: &str| calls.iter().find(|call| call.path.contains(part)).unwrap().sequence;
    assert!(at("reports").abs_diff(at("GenerateToken")) == 1, "both were sent before either was answered");
}

#[tokio::test]
async fn connections_are_opened_while_the_secret_is_read() {
    let app = TestApp::open().await;
    let refused = devstack::Fault::Status {
        status: 400,
        headers: BTreeMap::new(),
        body: r#"{"__type": "AccessDeniedException"}"#.to_owned(),
    };
    app.stack.secrets().fail("*", refused, None);
    let refusal = app.config("carl@contoso", view("sales", "contoso-plan")).await;
    assert_eq!(refusal.status, 503);
    while (app.stack.entra().opened_connections(), app.stack.powerbi().opened_connections()) != (1, 2) {
        tokio::task::yield_now().await;
    }
    assert!(app.stack.entra().calls().is_empty() && app.stack.powerbi().calls().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn a_cold_request_uses_the_connections_that_were_opened_for_it() {
    let app = TestApp::open().await;
    // The test must not depend on how a host answers an unexpected request.
    for upstream in [app.stack.entra(), app.stack.powerbi()] {
        upstream.fail("HEAD *", devstack::Fault::Hang, None);
    }
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let opened = [app.stack.entra(), app.stack.powerbi()].map(devstack::FakeService::opened_connections);
    assert_eq!(opened, [1, 2]);
    let calls = app.stack.log().all();
    let methods: Vec<_> = calls.iter().map(|call| call.method.as_str()).collect();
    assert!(methods.iter().all(|method| *method != "HEAD"), "{methods:?}");
    let of_powerbi: BTreeSet<_> =
        calls.iter().filter(|call| call.service == Service::PowerBi).map(|call| call.connection).collect();
    assert_eq!(of_powerbi.len(), 2, "token and report in parallel");
}

#[tokio::test]
async fn a_connection_that_broke_before_its_use_costs_no_retry() {
    let app = TestApp::open().await;
    let log = LogLines::at(tracing::Level::INFO);
    let slow = devstack::Fault::Delay { delay_ms: 200 };
    app.stack.secrets().fail("*", slow, Some(1));
    let broken = async {
        while (app.stack.entra().opened_connections(), app.stack.powerbi().opened_connections()) != (1, 2) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        app.stack.entra().reset_connections();
        app.stack.powerbi().reset_connections();
    };
    let (answer, ()) = tokio::join!(app.config("carl@contoso", view("sales", "contoso-plan")), broken);
    let _ = answer.ok();
    let requests = log.take_requests();
    let attempts = requests[0]["upstream"].as_str().unwrap();
    assert!(attempts.contains("EntraToken 200") && !attempts.contains("connection"), "{attempts}");
}
