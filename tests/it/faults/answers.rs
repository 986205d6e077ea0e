//! What the matrix does not cover: how failures are distinguished, and how they end.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::{FakeService, Fault};
use futures_util::future::join_all;
use serde_json::json;
use tracing::Level;

use super::failure::SHORT_ATTEMPT;

const GENERATE: &str = "POST /v1.0/myorg/GenerateToken";
const REPORT: &str = "GET /v1.0/myorg/groups/*";

fn status(status: u16) -> Fault {
    Fault::Status { status, headers: BTreeMap::new(), body: String::new() }
}

fn expired() -> Fault {
    Fault::json(403, &json!({ "error": { "code": "TokenExpired" } }))
}

/// The stand-in that a route belongs to.
fn upstream<'d>(app: &'d TestApp, route: &str) -> &'d FakeService {
    match route {
        "GetSecretValue" => app.stack.secrets(),
        "EntraToken" => app.stack.entra(),
        _ => app.stack.powerbi(),
    }
}

fn fail(app: &TestApp, route: &str, fault: Fault, times: Option<u32>) {
    let pattern = if route.contains(' ') { route } else { "*" };
    upstream(app, route).fail(pattern, fault, times);
}

#[tokio::test]
async fn an_unusable_value_is_a_failure() {
    for (route, answer) in [
        (GENERATE, json!({ "token": "t", "tokenId": "i", "expiration": "soon" })),
        (GENERATE, json!({ "token": "", "tokenId": "i", "expiration": "2026-11-24T04:00:00Z" })),
        (REPORT, json!({ "embedUrl": "http://app.powerbi.com/x" })),
        (REPORT, json!({ "embedUrl": "javascript:alert(1)" })),
        ("EntraToken", json!({ "access_token": "a b", "expires_in": 3599 })),
        ("EntraToken", json!({ "access_token": "", "expires_in": 3599 })),
        ("EntraToken", json!({ "access_token": "t", "expires_in": "an hour" })),
    ] {
        let app = TestApp::open().await;
        fail(&app, route, Fault::json(200, &answer), None);
        app.config("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-failed");
    }
}

/// AWS throttles with a 400; only the error code says so.
#[tokio::test]
async fn a_throttled_call_to_aws_is_repeated() {
    for code in ["ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"] {
        let app = TestApp::open().await;
        fail(&app, "GetSecretValue", Fault::json(400, &json!({ "__type": code })), Some(2));
        let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
        assert_eq!(app.stack.secrets().requests().len(), 3, "{code}");
    }
}

#[tokio::test]
async fn a_short_failure_does_not_fail_the_request() {
    let faults =
        [Fault::throttled(1), status(500), Fault::HtmlBadGateway, Fault::ResetBeforeAnswer, Fault::ResetMidBody];
    let mut passing = Vec::new();
    for route in ["GetSecretValue", "EntraToken", GENERATE, REPORT] {
        passing.extend(faults.iter().map(|fault| passes(&[], route, fault.clone())));
        passing.push(passes(&[("DYNABIND_UPSTREAM_TIMEOUT_MS", SHORT_ATTEMPT)], route, Fault::Hang));
    }
    for route in [GENERATE, REPORT] {
        passing.extend([status(401), expired()].map(|fault| passes(&[], route, fault)));
    }
    join_all(passing).await;
}

async fn passes(variables: &[(&str, &str)], route: &str, fault: Fault) {
    let app = TestApp::with_variables(variables).await;
    fail(&app, route, fault.clone(), Some(1));
    let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
    assert_eq!(answer.status, 200, "{route} {fault:?}: {:#}", answer.body);
}

#[tokio::test]
async fn a_wrong_secret_is_read_again_at_most_every_thirty_seconds() {
    let app = TestApp::open().await;
    app.stack.replace_client_secret("what Secrets Manager does not know");
    let ask = async || {
        app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-refused");
        app.upstream_calls()
    };
    assert_eq!(ask().await, ["GetSecretValue", "EntraToken", "GetSecretValue"]);
    assert_eq!(ask().await, ["EntraToken"]);
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(ask().await, ["EntraToken", "GetSecretValue"]);
}

#[tokio::test]
async fn only_the_log_tells_a_malformed_secret_from_an_unreadable_one() {
    for text in [
        "",
        "not json",
        "{}",
        r#"{"tenantId":"t","clientId":"c"}"#,
        r#"{"tenantId":"../x","clientId":"c","clientSecret":"s"}"#,
    ] {
        let app = TestApp::open().await;
        app.stack.store_secret(text);
        let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
        answer.assert_problem(503, "credentials-unavailable");
        assert_eq!(app.upstream_calls(), ["GetSecretValue"]);
    }
}

#[tokio::test]
async fn a_malformed_new_secret_fails_no_request_while_the_old_one_works() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    app.stack.store_secret(r#"{"tenantId":"t","clientId":"c"}"#);
    app.clock.advance(Duration::from_mins(31));
    let _ = log.take();
    let _ = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    let cause = log.take_requests()[0]["cause"].clone();
    assert!(cause.as_str().unwrap().contains("the secret is malformed"), "{cause}");
}

#[tokio::test]
async fn the_request_id_of_power_bi_is_in_the_problem() {
    let app = TestApp::open().await;
    fail(&app, GENERATE, Fault::empty(400, ("RequestId", "5f6c0c3e-aaaa-bbbb-cccc-000000000001")), None);
    let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
    assert_eq!(answer.body["upstreamRequestId"], "5f6c0c3e-aaaa-bbbb-cccc-000000000001");
}
