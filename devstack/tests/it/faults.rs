//! Injected faults, and the log of calls.

use std::time::Duration;

use devstack::Service::{Entra, PowerBi};
use devstack::{Fault, Stack, StackOptions};
use serde_json::{Value, json};

use crate::client::{bearer, client, get, powerbi, powerbi_url, send, stack, try_send};

const ROUTE: &str = "GET /v1.0/myorg/groups*";

async fn groups_after(stack: &Stack, fault: Fault) -> reqwest::Result<crate::client::Reply> {
    let token = bearer(stack).await;
    stack.powerbi().fail(ROUTE, fault, Some(1));
    try_send("GET", &powerbi_url(stack, "groups"), &[("authorization", &token)], "").await
}

#[tokio::test]
async fn answers_can_be_replaced() {
    let stack = stack().await;
    let throttled = groups_after(&stack, Fault::throttled(7)).await.unwrap();
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "7"));
    assert!(!throttled.header("requestid").is_empty());
    let html = groups_after(&stack, Fault::HtmlBadGateway).await.unwrap();
    assert_eq!((html.status, html.header("content-type")), (502, "text/html"));
    let location = "http://127.0.0.1:1/".to_owned();
    let redirect = groups_after(&stack, Fault::Redirect { location }).await.unwrap();
    assert_eq!((redirect.status, redirect.header("location")), (307, "http://127.0.0.1:1/"));
    let truncated = groups_after(&stack, Fault::TruncatedJson).await.unwrap();
    assert!(truncated.status == 200 && serde_json::from_str::<Value>(&truncated.text).is_err());
    let huge = groups_after(&stack, Fault::HugeBody { bytes: 3_000_000 }).await.unwrap();
    assert!(huge.text.len() >= 3_000_000 && huge.json() == json!({}));
    // Each fault applied to one request only.
    assert_eq!(powerbi(&stack, "groups").await.status, 200);
}

#[tokio::test]
async fn connections_can_break_and_stall() {
    let stack = stack().await;
    assert!(groups_after(&stack, Fault::ResetBeforeAnswer).await.is_err());
    assert!(groups_after(&stack, Fault::ResetMidBody).await.is_err());
    let slow = groups_after(&stack, Fault::SlowDrip { interval_ms: 1 }).await.unwrap();
    assert_eq!(slow.status, 200);
    assert!(slow.json()["value"].is_array());
    let hanging = tokio::time::timeout(Duration::from_millis(300), groups_after(&stack, Fault::Hang));
    assert!(hanging.await.is_err());
}

#[tokio::test]
async fn a_stand_in_can_be_down_and_comes_back_on_its_port() {
    let stack = stack().await;
    let (pooling, url) = (client(), stack.upstream_url(PowerBi));
    assert!(pooling.head(url).send().await.is_ok());
    for _ in 0..2 {
        stack.powerbi().refuse_connections().await;
        assert!(pooling.head(url).send().await.is_err(), "the open connection is closed");
        assert!(client().head(url).send().await.unwrap_err().is_connect(), "and a new one is refused");
        stack.powerbi().refuse_connections().await;
        stack.powerbi().accept_connections().await;
        assert!(client().head(url).send().await.is_ok());
        stack.powerbi().accept_connections().await;
    }
}

#[tokio::test]
async fn broken_connections_break_under_tls_and_http2_too() {
    let options = StackOptions { tls_upstreams: true, ..StackOptions::default() };
    let stack = Stack::start(options).await.unwrap();
    assert!(stack.upstream_url(PowerBi).starts_with("https://127.0.0.1:"));
    assert_eq!(powerbi(&stack, "groups").await.status, 200);
    assert!(groups_after(&stack, Fault::ResetBeforeAnswer).await.is_err());
    assert!(groups_after(&stack, Fault::ResetMidBody).await.is_err());
    let roots = std::fs::read_to_string(&stack.variables()["SSL_CERT_FILE"]).unwrap();
    assert!(roots.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test]
async fn calls_are_logged_in_one_order_with_their_connections() {
    let stack = stack().await;
    let client = client();
    for _ in 0..2 {
        client.head(stack.upstream_url(PowerBi)).send().await.unwrap();
    }
    powerbi(&stack, "groups").await;
    let calls = stack.log().all();
    let seen: Vec<_> = calls.iter().map(|c| (c.sequence, c.service, &*c.method, c.status)).collect();
    assert_eq!(
        seen,
        [
            (1, PowerBi, "HEAD", Some(200)),
            (2, PowerBi, "HEAD", Some(200)),
            (3, Entra, "POST", Some(200)),
            (4, PowerBi, "GET", Some(200)),
        ]
    );
    assert_eq!(calls[0].connection, calls[1].connection);
    assert_ne!(calls[1].connection, calls[3].connection);
    assert_eq!(calls[2].body["grant_type"], "client_credentials");
    assert!(calls[3].header("authorization").unwrap().starts_with("Bearer ey"));
    assert_eq!(stack.powerbi().requests().len(), 1);
    stack.powerbi().clear_calls();
    assert_eq!(stack.log().all().len(), 1);
}

#[tokio::test]
async fn the_control_api_does_what_the_handles_do() {
    let stack = stack().await;
    let dev = |path: &str| format!("{}/dev/{path}", stack.url());
    let fault = json!({
        "service": "power-bi", "route": ROUTE, "times": 1,
        "fault": {"kind": "status", "status": 503, "headers": {"retry-after": "1"}},
    });
    assert_eq!(send("POST", &dev("faults"), &[], &fault.to_string()).await.status, 204);
    assert_eq!(powerbi(&stack, "groups").await.status, 503);
    assert_eq!(powerbi(&stack, "groups").await.status, 200);

    let listed = get(&dev("calls?service=entra"), &[]).await;
    assert_eq!(listed.json()["calls"][0]["body"]["client_secret"], "[redacted]");
    let all = get(&dev("calls"), &[]).await.text;
    assert!(!all.contains(&bearer(&stack).await["Bearer ".len()..][..40]), "{all}");
    assert_eq!(send("DELETE", &dev("calls"), &[], "").await.status, 204);
    assert!(stack.log().all().is_empty());

    let before = stack.stored_secret();
    assert_eq!(send("POST", &dev("rotate-secret"), &[], "").await.status, 204);
    assert_ne!(stack.stored_secret(), before);
    let latency = json!({"service": "entra", "ms": 1}).to_string();
    assert_eq!(send("POST", &dev("latency"), &[], &latency).await.status, 204);
    assert_eq!(get(&dev("faults"), &[]).await.json()["entra"]["latencyMs"], 1);
    for path in ["revoke-tokens", "expire-tokens"] {
        assert_eq!(send("POST", &dev(path), &[], "").await.status, 204);
    }
    assert_eq!(send("DELETE", &dev("faults"), &[], "").await.status, 204);
}

#[tokio::test]
async fn the_control_api_explains_its_refusals() {
    let stack = stack().await;
    let url = format!("{}/dev/faults", stack.url());
    for body in ["", "{}", r#"{"service":"x","fault":{"kind":"hang"}}"#, r#"{"service":"entra","fault":{"kind":"x"}}"#]
    {
        let reply = send("POST", &url, &[], body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(reply.json()["message"].is_string());
    }
}

#[tokio::test]
async fn idle_connections_can_be_reset_and_new_ones_opened() {
    let stack = stack().await;
    let client = client();
    let head = async || client.head(stack.upstream_url(PowerBi)).send().await;
    head().await.unwrap();
    stack.powerbi().reset_connections();
    // The client may notice the reset only with this request, and connects again.
    if head().await.is_err() {
        head().await.unwrap();
    }
    let connections: Vec<_> = stack.powerbi().calls().iter().map(|call| call.connection).collect();
    assert_ne!(connections.first(), connections.last());
}

#[tokio::test]
async fn calls_show_whether_they_ran_in_parallel() {
    let stack = stack().await;
    let url = stack.upstream_url(PowerBi).to_owned();
    stack.powerbi().set_latency(Duration::from_millis(400));
    tokio::join!(get(&url, &[]), get(&url, &[]));
    get(&url, &[]).await;
    let calls = stack.powerbi().calls();
    assert!(calls[0].overlaps(&calls[1]) && calls[1].overlaps(&calls[0]));
    assert!(!calls[0].overlaps(&calls[2]) && !calls[2].overlaps(&calls[1]));
}
