//! The demo, from the start page to the chart.

use std::collections::BTreeSet;
use std::process::Command;

use devstack::{Port, Stack, StackOptions};
use serde_json::{Value, json};

use crate::client::{Reply, get, send, stack};

async fn config(stack: &Stack, user: &str, bindings: Value) -> Reply {
    let bearer = format!("Bearer {}", stack.token_for(user));
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    send("POST", &format!("{}/config", stack.url()), &headers, &json!({ "bindings": bindings }).to_string()).await
}

async fn datasets(stack: &Stack, user: &str) -> Reply {
    let bearer = format!("Bearer {}", stack.token_for(user));
    get(&format!("{}/datasets", stack.url()), &[("authorization", &bearer)]).await
}

#[tokio::test]
async fn two_tenants_see_their_own_data_in_the_same_report() {
    let options = StackOptions { embed_port: Some(Port::Any), ..StackOptions::default() };
    let stack = Stack::start(options).await.unwrap();
    for (user, name, first) in [
        ("ana@contoso", "Contoso sales", "Berlin"),
        ("carl@contoso", "Contoso sales", "Lyon"),
        ("frida@fabrikam", "Fabrikam sales", "Oslo"),
    ] {
        let dataset = if user.ends_with("contoso") { "contoso-sales" } else { "fabrikam-sales" };
        let reply = config(&stack, user, json!([{"report": "sales", "dataset": dataset}])).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let config = &reply.json()["configs"][0];
        let load = json!({
            "tokenType": config["tokenType"], "accessToken": config["accessToken"], "reportId": config["id"],
            "datasetId": config["datasetBinding"]["datasetId"], "permissions": config["permissions"],
        });
        let url = format!("https://127.0.0.1:{}/sim/load", stack.embed_port().unwrap());
        let shown = send("POST", &url, &[], &load.to_string()).await.json();
        assert_eq!((&shown["datasetName"], &shown["rows"][0]["label"]), (&json!(name), &json!(first)), "{user}");
    }
}

#[tokio::test]
async fn an_analyst_may_edit_and_a_viewer_may_not() {
    let stack = stack().await;
    let edit = json!([{"report": "ops", "dataset": "contoso-plan", "mode": "edit"}]);
    let reply = config(&stack, "ana@contoso", edit.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.json()["configs"][0]["permissions"], 7);
    assert_eq!(config(&stack, "carl@contoso", edit).await.status, 403);
    let foreign = json!([{"report": "sales", "dataset": "fabrikam-sales"}]);
    assert_eq!(config(&stack, "ana@contoso", foreign).await.status, 403);
}

#[tokio::test]
async fn every_problem_code_is_shown_to_some_caller_and_none_to_the_others() {
    let stack = stack().await;
    for user in ["ana@contoso", "carl@contoso", "frida@fabrikam"] {
        assert_eq!(problems(&datasets(&stack, user).await.json()), BTreeSet::new(), "{user}");
    }
    let all = [
        "claim-missing",
        "dataset-not-found",
        "identity-not-supported",
        "identity-required",
        "identity-roles-required",
        "report-not-found",
        "workspace-not-on-capacity",
    ];
    let seen = problems(&datasets(&stack, "quinn@contoso").await.json());
    assert_eq!(seen, all.map(str::to_owned).into());
    assert_eq!(datasets(&stack, "nils@northwind").await.status, 403);
}

fn problems(list: &Value) -> BTreeSet<String> {
    let entries = ["reports", "datasets"].into_iter().flat_map(|kind| list[kind].as_array().unwrap());
    let problems = entries.flat_map(|entry| entry["problems"].as_array().unwrap());
    problems.map(|problem| problem.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn in_the_organization_scenario_users_see_what_their_own_rights_allow() {
    let variables = [("DYNABIND_SCENARIO".to_owned(), "organization".to_owned())].into();
    let options = StackOptions { embed_port: Some(Port::Any), variables, ..StackOptions::default() };
    let stack = Stack::start(options).await.unwrap();
    let bindings = json!([{"report": "sales", "dataset": "contoso-sales"}]);
    let reply = config(&stack, "carl@contoso", bindings.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let config = &reply.json()["configs"][0];
    let load = json!({
        "tokenType": config["tokenType"], "accessToken": config["accessToken"], "reportId": config["id"],
        "datasetId": config["datasetBinding"]["datasetId"], "permissions": 0,
    });
    let url = format!("https://127.0.0.1:{}/sim/load", stack.embed_port().unwrap());
    let shown = send("POST", &url, &[], &load.to_string()).await.json();
    assert_eq!((&config["tokenType"], &shown["rows"][0]["label"]), (&json!(0), &json!("Lyon")), "{shown}");
    let challenged = self::config(&stack, "mia@contoso", bindings).await;
    assert_eq!(challenged.status, 401, "{}", challenged.text);
    assert!(challenged.header("x-amzn-remapped-www-authenticate").contains("claims"));
    assert!(challenged.json()["claims"].is_string(), "{}", challenged.text);
}

#[tokio::test]
async fn a_certificate_works_instead_of_a_client_secret() {
    let stack = stack().await;
    stack.store_certificate();
    let reply = config(&stack, "ana@contoso", json!([{"report": "sales", "dataset": "contoso-sales"}])).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let asked = stack.entra().requests().remove(0);
    assert!(asked.body.get("client_secret").is_none() && asked.body["client_assertion"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_command_returns_a_config() {
    let stack = stack().await;
    let curl = stack.curl().to_owned();
    let output = tokio::task::spawn_blocking(move || Command::new("bash").args(["-c", &curl]).output());
    let output = output.await.unwrap().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["configs"][0]["type"], "report", "{answer}");
}
