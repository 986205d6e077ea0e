//! The stack as a whole.

use devstack::{Live, Port, Service, Stack, StackOptions, StartError};
use serde_json::json;

use crate::client::{get, send, stack, try_send};

#[tokio::test]
async fn an_event_carries_the_callers_claims_as_strings() {
    let stack = stack().await;
    let event = stack.event("POST", "/token?a=b", Some("ana@contoso"), Some(&json!({"x": 1})));
    assert_eq!(event["routeKey"], "POST /token");
    assert_eq!(event["rawQueryString"], "a=b");
    assert_eq!(event["body"], "{\"x\":1}");
    let jwt = &event["requestContext"]["authorizer"]["jwt"];
    assert_eq!(jwt["claims"]["groups"], "[analysts]");
    assert_eq!(jwt["claims"]["tenant"], "contoso");
    assert!(jwt["claims"].as_object().unwrap().values().all(serde_json::Value::is_string));
    assert_eq!(jwt["scopes"], json!(["bindings"]));
    let anonymous = stack.event("GET", "/datasets", None, None);
    assert!(anonymous["requestContext"].get("authorizer").is_none());
}

#[tokio::test]
async fn functions_call_the_stand_ins() {
    let catalog = json!({"reports": {}, "datasets": {}, "tenants": {}});
    let options = StackOptions { catalog: Some(catalog.clone()), ..StackOptions::default() };
    let stack = Stack::start(options).await.unwrap();
    let read = std::fs::read_to_string(stack.catalog_path()).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&read).unwrap(), catalog);
    let variables = stack.variables();
    assert_eq!(variables["DYNABIND_CATALOG"], format!("file:{}", stack.catalog_path().display()));
    assert!(variables["DYNABIND_ENTRA_URL"].starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn a_port_in_use_is_skipped_or_reported() {
    let first = stack().await;
    let port = first.port();
    let next = StackOptions { gateway_port: Port::From(port), ..StackOptions::default() };
    assert_ne!(Stack::start(next).await.unwrap().port(), port);
    let exactly = StackOptions { gateway_port: Port::Exactly(port), ..StackOptions::default() };
    let error = Stack::start(exactly).await.err().unwrap();
    assert!(matches!(error, StartError::PortTaken { .. }), "{error}");
    assert!(error.to_string().contains(&port.to_string()));
}

#[tokio::test]
async fn all_servers_end_with_the_stack() {
    let stack = stack().await;
    let url = format!("{}/dev/users", stack.url());
    let powerbi = stack.upstream_url(devstack::Service::PowerBi).to_owned();
    assert_eq!(get(&url, &[]).await.status, 200);
    drop(stack);
    tokio::task::yield_now().await;
    for url in [url, powerbi] {
        assert!(try_send("GET", &url, &[], "").await.is_err(), "{url}");
    }
}

#[tokio::test]
async fn a_broken_template_is_named_with_its_place() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("template.yaml"), "a: [").unwrap();
    let options = StackOptions { root: root.path().to_owned(), ..StackOptions::default() };
    let error = Stack::start(options).await.err().unwrap();
    assert!(error.to_string().contains("template.yaml"), "{error}");
}

/// A stack that uses the upstreams of another stack as real ones.
#[tokio::test]
async fn a_live_stack_answers_with_the_given_upstreams() {
    let real = stack().await;
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("my-sp.json");
    std::fs::write(&secret, real.stored_secret()).unwrap();
    let mut live = Live::read(&secret, real.catalog_path()).unwrap();
    live.entra_url = real.upstream_url(Service::Entra).to_owned();
    live.powerbi_url = real.upstream_url(Service::PowerBi).to_owned();
    live.email = "ana@contoso.example".to_owned();
    let stack = Stack::start(StackOptions { live: Some(live), ..StackOptions::default() }).await.unwrap();
    let token = stack.token_for("caller@contoso");
    let body = json!({"bindings": [{"report": "sales", "dataset": "contoso-sales"}]});
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = send("POST", &format!("{}/token", stack.url()), &headers, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let token = answer.json();
    assert!(real.embed_token(token["token"].as_str().unwrap()).is_some(), "the other stack's Power BI has made it");
    let log = get(&format!("{}/dev/calls", stack.url()), &[]).await;
    assert!(!log.text.contains(&real.stored_secret()));
}
