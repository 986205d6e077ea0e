//! Federated credentials: there is no stored secret, and a token of AWS STS is the client assertion.

mod refusals;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::{Fault, Service, StackOptions};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tracing::Level;

use crate::secrecy::secrets_of;

const FEDERATED: (&str, &str) = ("DYNABIND_CREDENTIAL", "federated");
const COLD: [&str; 3] = ["GetWebIdentityToken", "EntraToken", "POST GenerateToken"];

async fn open() -> TestApp {
    TestApp::with_variables(&[FEDERATED]).await
}

async fn ask(app: &TestApp) -> acceptance::test_app::Answer {
    app.token("carl@contoso", view("sales", "contoso-plan")).await
}

/// Access tokens live for a minute, and are renewed after twelve seconds.
async fn open_with_short_access_tokens() -> TestApp {
    let app = open().await;
    app.stack.set_access_token_life(Duration::from_mins(1));
    app
}

/// Requests an embed token that is not cached: each value of `minutes` needs another token.
async fn ask_afresh(app: &TestApp, minutes: u16) -> acceptance::test_app::Answer {
    let binding = json!({ "report": "sales", "dataset": "contoso-plan" });
    app.token("carl@contoso", json!({ "bindings": [binding], "lifetimeMinutes": minutes })).await
}

fn refusal_of_sts(status: u16, code: &str) -> Fault {
    let body = format!("<ErrorResponse><Error><Code>{code}</Code><Message>told</Message></Error></ErrorResponse>");
    Fault::Status { status, headers: BTreeMap::new(), body }
}

fn refusal_of_entra(error: &str, number: u64) -> Fault {
    let status = if error == "invalid_client" { 401 } else { 400 };
    let text = format!("AADSTS{number}: told");
    Fault::json(status, &json!({ "error": error, "error_description": text, "error_codes": [number] }))
}

#[tokio::test]
async fn a_cold_request_asks_as_often_as_with_a_secret_and_no_secrets_manager() {
    let app = open().await;
    let _ = ask(&app).await.ok();
    let entra = app.stack.entra().requests().remove(0);
    assert_eq!(app.upstream_calls(), COLD);
    assert_eq!(app.stack.secrets().opened_connections(), 0);
    let fields: BTreeSet<_> = entra.body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["client_assertion", "client_assertion_type", "client_id", "grant_type", "scope"];
    assert_eq!(fields, expected.into());
}

#[tokio::test]
async fn the_connection_to_entra_is_opened_during_the_call_of_sts() {
    let app = open().await;
    app.stack.sts().set_latency(Duration::from_millis(300));
    let opened = async {
        while app.stack.entra().opened_connections() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        app.stack.entra().requests().len()
    };
    let (answer, requests) = futures_util::join!(ask(&app), opened);
    assert_eq!((answer.status, requests), (200, 0), "the connection was opened before it was used");
}

#[tokio::test]
async fn it_works_on_behalf_of_users_and_over_tls() {
    let app = TestApp::with_variables(&[FEDERATED, ("DYNABIND_SCENARIO", "organization")]).await;
    let _ = ask(&app).await.ok();
    assert_eq!(app.upstream_calls(), ["GetWebIdentityToken", "EntraToken"]);
    let variables = [FEDERATED].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let app = TestApp::with(StackOptions { variables, tls_upstreams: true, ..StackOptions::default() }).await;
    let _ = ask(&app).await.ok();
    assert_eq!(app.upstream_calls(), COLD);
}

#[tokio::test]
async fn temporary_credentials_of_a_role_sign_the_request() {
    let session = ("AWS_SESSION_TOKEN", "a/session+token==");
    let app = TestApp::with_variables(&[FEDERATED, session, ("AWS_SECRET_ACCESS_KEY", "a/secret+key")]).await;
    let _ = ask(&app).await.ok();
    let call = app.stack.sts().requests().remove(0);
    assert_eq!(call.header("x-amz-security-token"), Some(session.1));
    assert_eq!(call.body["DurationSeconds"], "300");
}

#[tokio::test]
async fn a_token_is_cached_until_shortly_before_its_expiry() {
    for (seconds, expected) in [(239, &COLD[1..]), (240, &COLD)] {
        let app = open_with_short_access_tokens().await;
        let _ = ask(&app).await.ok();
        let _ = app.upstream_calls();
        app.clock.advance(Duration::from_secs(seconds));
        let _ = ask_afresh(&app, 20).await.ok();
        assert_eq!(app.upstream_calls(), expected, "{seconds}");
    }
}

#[tokio::test]
async fn parallel_requests_wait_for_one_token() {
    let app = open().await;
    app.stack.sts().set_latency(Duration::from_millis(50));
    let answers = join_all((0..8).map(|_| ask(&app))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(app.upstream_calls(), COLD);
}

#[tokio::test]
async fn a_failed_renewal_fails_no_request_while_the_old_token_is_valid() {
    let log = LogLines::at(Level::INFO);
    let app = open_with_short_access_tokens().await;
    let _ = ask(&app).await.ok();
    app.stack.sts().fail("*", refusal_of_sts(403, "AccessDenied"), None);
    app.clock.advance(Duration::from_secs(250));
    let _ = log.take();
    let _ = ask_afresh(&app, 20).await.ok();
    let line = log.take_requests().remove(0);
    assert_eq!((&line["level"], &line["upstream_code"]), (&json!("WARN"), &json!("AccessDenied")), "{line:#}");
    assert!(line["cache"].as_str().unwrap().starts_with("IdentityToken fallback"), "{line:#}");
    app.clock.advance(Duration::from_secs(61));
    ask_afresh(&app, 21).await.assert_problem(503, "credentials-unavailable");
    app.stack.sts().clear_faults();
    let _ = ask_afresh(&app, 21).await.ok();
}

/// The alarm that watches the secret watches STS as well.
#[tokio::test]
async fn the_metrics_of_the_secret_count_tokens_of_sts() {
    let log = LogLines::at(Level::INFO);
    let app = open().await;
    app.stack.sts().fail("*", refusal_of_sts(403, "AccessDenied"), Some(1));
    ask(&app).await.assert_problem(503, "credentials-unavailable");
    let _ = ask(&app).await.ok();
    let [failed, good] = <[Value; 2]>::try_from(log.take_requests()).unwrap();
    assert_eq!((&failed["SecretTrouble"], &failed["StsErrors"]), (&json!(1), &json!(1)), "{failed:#}");
    assert_eq!((&good["SecretRefresh"], &good["SecretTrouble"]), (&json!(1), &Value::Null), "{good:#}");
    assert!(good["StsLatency"].is_array() && good["SecretsManagerLatency"].is_null(), "{good:#}");
}

#[tokio::test]
async fn each_cloud_asks_for_its_own_audience() {
    for (cloud, audience) in [
        ("public", "api://AzureADTokenExchange"),
        ("usgov", "api://AzureADTokenExchange"),
        ("usgov-high", "api://AzureADTokenExchangeUSGov"),
        ("usgov-dod", "api://AzureADTokenExchangeUSGov"),
        ("china", "api://AzureADTokenExchangeChina"),
    ] {
        let app = TestApp::with_variables(&[FEDERATED, ("DYNABIND_CLOUD", cloud)]).await;
        let _ = ask(&app).await;
        let call = app.stack.sts().requests().remove(0);
        let expected = json!({
            "Action": "GetWebIdentityToken", "Version": "2011-06-15", "Audience.member.1": audience,
            "DurationSeconds": "300", "SigningAlgorithm": "RS256",
        });
        assert_eq!(call.body, expected, "{cloud}");
    }
}

#[tokio::test]
async fn the_trace_goes_to_sts_and_not_to_entra() {
    let log = LogLines::at(Level::INFO);
    let app = open().await;
    let _ = ask(&app).await.ok();
    let trace = log.take_requests()[0]["trace_id"].as_str().unwrap().to_owned();
    assert_eq!(app.stack.sts().requests()[0].header("x-amzn-trace-id"), Some(trace.as_str()));
    assert_eq!(app.stack.entra().requests()[0].header("x-amzn-trace-id"), None);
}

#[tokio::test]
async fn no_log_line_and_no_problem_holds_the_token_of_sts() {
    let log = LogLines::at(Level::TRACE);
    let keys = [("AWS_SECRET_ACCESS_KEY", "an-aws-secret-key"), ("AWS_SESSION_TOKEN", "an-aws-session")];
    let app = TestApp::with_variables(&[FEDERATED, keys[0], keys[1]]).await;
    let event = app.stack.event("POST", "/token", Some("ana@contoso"), Some(&view("sales", "contoso-sales")));
    let mut answers = vec![app.send(event.clone()).await.ok()];
    let assertion = app.stack.entra().requests()[0].body["client_assertion"].as_str().unwrap().to_owned();
    let signature = app.stack.sts().requests()[0].header("authorization").unwrap().to_owned();
    let mut problems = Vec::new();
    for status in [200, 400, 401, 403, 500] {
        // The fault repeats the request, as a careless proxy does.
        let body = format!(
            "<Error><Code>{assertion}</Code></Error><WebIdentityToken>{assertion} {assertion}</WebIdentityToken>"
        );
        let xml = Fault::Status { status, headers: BTreeMap::new(), body };
        let json = Fault::json(
            status,
            &json!({
                "error": assertion, "error_description": format!("AADSTS{assertion}:"), "trace_id": assertion,
            }),
        );
        for (upstream, fault) in [(app.stack.sts(), xml), (app.stack.entra(), json)] {
            upstream.fail("*", fault, None);
            app.clock.advance(Duration::from_hours(2));
            problems.push(app.send(event.clone()).await.body);
            upstream.clear_faults();
        }
    }
    answers.push(app.send(event.clone()).await.ok());
    let mut secrets = secrets_of(&app, &event, &answers);
    secrets.extend([assertion, signature]);
    let texts = log.take_texts();
    assert!(problems.len() == 10 && texts.len() > 10);
    for text in texts.iter().cloned().chain(problems.iter().map(Value::to_string)) {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret in {text}");
        }
    }
    // The stack's own log of calls contains no secret either.
    let calls = app.stack.log().of(Service::Entra);
    assert!(calls.iter().all(|call| !call.redacted().to_string().contains("eyJ")));
}
