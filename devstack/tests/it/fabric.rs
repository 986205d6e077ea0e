//! The Fabric API, which returns definitions.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use devstack::Service::Fabric;
use devstack::fake_tenant::{FakeTenant, ids};
use devstack::{Fault, Stack, StackOptions};
use serde_json::{Value, json};

use crate::client::{Reply, bearer, bearer_for, get, powerbi_url, send, stack};
use test_support::clock::ManualClock;

const SCOPE: &str = "https://api.fabric.microsoft.com/.default";

fn model_path(workspace: &str, id: &str) -> String {
    format!("workspaces/{workspace}/semanticModels/{id}/getDefinition?format=TMSL")
}

fn report_path(workspace: &str, id: &str) -> String {
    format!("workspaces/{workspace}/reports/{id}/getDefinition")
}

fn url(stack: &Stack, path: &str) -> String {
    format!("{}/v1/{path}", stack.upstream_url(Fabric))
}

async fn post(stack: &Stack, path: &str) -> Reply {
    let token = bearer_for(stack, SCOPE).await;
    send("POST", &url(stack, path), &[("authorization", &token)], "").await
}

/// The parts of a definition that is ready at once.
async fn parts(stack: &Stack, path: &str) -> Vec<(String, Value)> {
    stack.set_definition_time(Duration::ZERO);
    let reply = post(stack, path).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    decoded(&reply.json())
}

fn decoded(result: &Value) -> Vec<(String, Value)> {
    let part = |part: &Value| {
        assert_eq!(part["payloadType"], "InlineBase64");
        let payload = STANDARD.decode(part["payload"].as_str().unwrap()).unwrap();
        (part["path"].as_str().unwrap().to_owned(), serde_json::from_slice(&payload).unwrap())
    };
    result["definition"]["parts"].as_array().unwrap().iter().map(part).collect()
}

fn code(reply: &Reply) -> (u16, String) {
    let body = reply.json();
    assert!(body["requestId"].is_string() && body["message"].is_string() && body["moreDetails"].is_array());
    assert_eq!(reply.header("x-ms-public-api-error-code"), body["errorCode"]);
    (reply.status, body["errorCode"].as_str().unwrap().to_owned())
}

fn changed(change: impl FnOnce(&mut FakeTenant)) -> StackOptions {
    let mut options = StackOptions::default();
    change(&mut options.fake_tenant);
    options
}

#[tokio::test]
async fn a_definition_is_made_by_an_operation() {
    let clock = Arc::new(ManualClock::default());
    let options = StackOptions { clock: Arc::<ManualClock>::clone(&clock), ..StackOptions::default() };
    let stack = Stack::start(options).await.unwrap();
    stack.set_definition_time(Duration::from_secs(20));
    let token = bearer_for(&stack, SCOPE).await;
    let headers = [("authorization", token.as_str())];
    let accepted = post(&stack, &model_path(ids::CONTOSO_WORKSPACE, ids::CONTOSO_SALES)).await;
    assert_eq!((accepted.status, accepted.text.as_str(), accepted.header("retry-after")), (202, "", "20"));
    let id = accepted.header("x-ms-operation-id");
    assert_eq!(accepted.header("location"), url(&stack, &format!("operations/{id}")));

    clock.advance(Duration::from_secs(5));
    let running = get(accepted.header("location"), &headers).await;
    assert_eq!((running.status, running.header("retry-after")), (200, "15"));
    assert_eq!((running.header("x-ms-operation-id"), running.header("location")), (id, accepted.header("location")));
    let body = running.json();
    assert_eq!((&body["status"], &body["percentComplete"]), (&json!("Running"), &json!(25)));
    assert!(body["createdTimeUtc"].is_string() && body["lastUpdatedTimeUtc"].is_string());
    let early = get(&url(&stack, &format!("operations/{id}/result")), &headers).await;
    assert_eq!(code(&early), (400, "OperationHasNoResult".to_owned()));

    clock.advance(Duration::from_secs(15));
    let succeeded = get(accepted.header("location"), &headers).await;
    assert_eq!(succeeded.json()["status"], "Succeeded");
    assert_eq!(succeeded.header("location"), url(&stack, &format!("operations/{id}/result")));
    assert!(succeeded.header("retry-after").is_empty());
    let result = get(succeeded.header("location"), &headers).await.json();
    let names: Vec<_> = decoded(&result).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, [".platform", "definition.pbism", "model.bim"]);
}

#[tokio::test]
async fn a_definition_that_cannot_be_made_is_a_failed_operation() {
    let options = changed(|tenant| {
        tenant.definitions.remove(ids::SALES_REPORT);
    });
    let stack = Stack::start(options).await.unwrap();
    stack.set_definition_time(Duration::ZERO);
    let accepted = post(&stack, &report_path(ids::REPORTS_WORKSPACE, ids::SALES_REPORT)).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let token = bearer_for(&stack, SCOPE).await;
    let failed = get(accepted.header("location"), &[("authorization", &token)]).await;
    assert_eq!((failed.json()["status"].as_str(), failed.header("location")), (Some("Failed"), ""));
    assert_eq!(failed.json()["error"]["errorCode"], "UnknownError");
    let result = format!("{}/result", accepted.header("location"));
    assert_eq!(get(&result, &[("authorization", &token)]).await.status, 400);
}

#[tokio::test]
async fn reports_have_the_parts_of_their_format() {
    let stack = stack().await;
    let pbir = parts(&stack, &report_path(ids::REPORTS_WORKSPACE, ids::SALES_REPORT)).await;
    let own = pbir.iter().find(|(path, _)| path == "definition.pbir").unwrap();
    let reference = own.1["datasetReference"]["byConnection"]["connectionString"].as_str().unwrap();
    assert!(reference.ends_with(ids::TEMPLATE_DATASET), "{reference}");
    let visuals = pbir.iter().filter(|(path, _)| path.ends_with("/visual.json")).count();
    assert_eq!(visuals, 7);
    for (path, content) in &pbir {
        assert!(
            content["$schema"].as_str().unwrap().starts_with("https://developer.microsoft.com/json-schemas/fabric/"),
            "{path}"
        );
    }
    let legacy = parts(&stack, &report_path(ids::REPORTS_WORKSPACE, ids::OPS_REPORT)).await;
    let report = legacy.iter().find(|(path, _)| path == "report.json").unwrap();
    let config = report.1["sections"][0]["visualContainers"][0]["config"].as_str().unwrap();
    let config: Value = serde_json::from_str(config).unwrap();
    assert!(config["singleVisual"]["prototypeQuery"]["From"].is_array());
}

#[tokio::test]
async fn every_demo_item_has_a_definition_unless_it_is_paginated() {
    let tenant = FakeTenant::demo();
    for report in &tenant.reports {
        assert_eq!(tenant.definition(&report.id).is_some(), !report.paginated, "{}", report.name);
    }
    for dataset in &tenant.datasets {
        let definition = tenant.definition(&dataset.id.to_uppercase()).unwrap();
        assert!(definition.parts["model.bim"]["model"]["tables"].as_array().unwrap().len() > 5, "{}", dataset.name);
    }
    let all = tenant.definitions.values().flat_map(|definition| &definition.parts);
    assert!(all.into_iter().all(|(_, content)| content.is_object()), "every part is read");
    let roles = &tenant.definition(ids::CONTOSO_REGIONS).unwrap().parts["model.bim"]["model"]["roles"];
    assert_eq!((&roles[0]["name"], &roles[1]["name"]), (&json!("North"), &json!("South")));
}

#[tokio::test]
async fn a_token_is_for_one_api() {
    let stack = stack().await;
    let path = report_path(ids::REPORTS_WORKSPACE, ids::SALES_REPORT);
    let with = async |headers: &[(&str, &str)]| code(&send("POST", &url(&stack, &path), headers, "").await);
    let power_bi = bearer(&stack).await;
    assert_eq!(with(&[]).await, (401, "InvalidToken".to_owned()));
    assert_eq!(with(&[("authorization", "Bearer x.y.z")]).await, (401, "InvalidToken".to_owned()));
    assert_eq!(with(&[("authorization", &power_bi)]).await, (401, "InvalidToken".to_owned()));
    let fabric = bearer_for(&stack, SCOPE).await;
    let reply = get(&powerbi_url(&stack, "groups"), &[("authorization", &fabric)]).await;
    assert_eq!(reply.cause(), (403, "TokenExpired"));
    stack.expire_access_tokens();
    assert_eq!(with(&[("authorization", &fabric)]).await, (401, "TokenExpired".to_owned()));
}

#[tokio::test]
async fn a_user_lacks_the_scopes_and_a_profile_lacks_the_permissions() {
    let stack = stack().await;
    let assertion = stack.token_for("ana@contoso");
    let reply = crate::entra::on_behalf_of(&stack, &assertion, ("scope", SCOPE)).await;
    let person = format!("Bearer {}", reply.json()["access_token"].as_str().unwrap());
    let address = url(&stack, &report_path(ids::REPORTS_WORKSPACE, ids::SALES_REPORT));
    let reply = send("POST", &address, &[("authorization", &person)], "").await;
    assert_eq!(code(&reply), (403, "InsufficientScopes".to_owned()));
    let app = bearer_for(&stack, SCOPE).await;
    let headers = [("authorization", app.as_str()), ("x-powerbi-profile-id", ids::FABRIKAM_PROFILE)];
    assert_eq!(code(&send("POST", &address, &headers, "").await), (403, "InsufficientPrivileges".to_owned()));
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let options = changed(|tenant| tenant.protected = vec![ids::CONTOSO_PLAN.to_owned()]);
    let stack = Stack::start(options).await.unwrap();
    let (contoso, shared) = (ids::CONTOSO_WORKSPACE, ids::REPORTS_WORKSPACE);
    let model = |workspace, id| model_path(workspace, id);
    let sales = model(contoso, ids::CONTOSO_SALES);
    let table = [
        (model(ids::CLOSED_WORKSPACE, ids::CLOSED_DATASET), 403, "InsufficientPrivileges"),
        (model(ids::READING_ROOM_WORKSPACE, ids::READING_ROOM_DATASET), 403, "InsufficientPrivileges"),
        (model(ids::CLIENT, ids::CONTOSO_SALES), 404, "WorkspaceNotFound"),
        (model(contoso, ids::MISSING_DATASET), 404, "ItemNotFound"),
        (model(contoso, ids::FABRIKAM_SALES), 404, "ItemNotFound"),
        (model(contoso, "sales"), 400, "InvalidInput"),
        (model(contoso, ids::CONTOSO_PLAN), 403, "ItemHasProtectedLabel"),
        (report_path(shared, ids::INVOICE_REPORT), 400, "OperationNotSupportedForItem"),
        (report_path(shared, ids::MISSING_REPORT), 404, "ItemNotFound"),
        (format!("{}?format=PBIR-Legacy", report_path(shared, ids::SALES_REPORT)), 400, "InvalidInput"),
        (sales.replace("TMSL", "tmsl"), 400, "InvalidInput"),
        (sales.replace("?format=TMSL", ""), 400, "InvalidInput"),
    ];
    for (path, status, expected) in table {
        assert_eq!(code(&post(&stack, &path).await), (status, expected.to_owned()), "{path}");
    }
    let token = bearer_for(&stack, SCOPE).await;
    let headers = [("authorization", token.as_str())];
    for path in [format!("operations/{}", ids::CLIENT), "operations/x/result".to_owned()] {
        assert_eq!(code(&get(&url(&stack, &path), &headers).await), (404, "OperationNotFound".to_owned()));
    }
    assert_eq!(get(&url(&stack, &sales), &headers).await.status, 405);
}

#[tokio::test]
async fn faults_can_be_injected_into_this_api_too() {
    let stack = stack().await;
    stack.fabric().fail("POST /v1/workspaces/*/getDefinition", Fault::throttled(7), Some(1));
    let path = report_path(ids::REPORTS_WORKSPACE, ids::SALES_REPORT);
    let throttled = post(&stack, &path).await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "7"));
    assert!(!throttled.header("requestid").is_empty());
    assert_eq!(post(&stack, &path).await.status, 202);
    assert_eq!(stack.fabric().requests().len(), 2);
    let fault = json!({"service": "fabric", "fault": {"kind": "html-bad-gateway"}, "times": 1}).to_string();
    assert_eq!(send("POST", &format!("{}/dev/faults", stack.url()), &[], &fault).await.status, 204);
    assert_eq!(post(&stack, &path).await.status, 502);
}
