//! Claims challenges: Entra or Power BI requires more proof of the user.

use std::collections::BTreeMap;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{Answer, TestApp, view};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use devstack::Fault;
use serde_json::{Value, json};
use tracing::Level;

use super::app;

/// The name that API Gateway gives to `WWW-Authenticate`.
const REMAPPED: &str = "x-amzn-remapped-www-authenticate";

const CLAIMS: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

/// Fails unless body and header have the same challenge. Returns the challenge.
#[track_caller]
fn challenge_of(answer: &Answer) -> String {
    answer.assert_problem(401, "interaction-required");
    assert_eq!(answer.header("www-authenticate"), "", "the gateway renames it");
    let (_, encoded) = answer.header(REMAPPED).split_once("claims=\"").unwrap();
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim_end_matches('"')).unwrap()).unwrap();
    assert_eq!(answer.body["claims"], decoded.as_str());
    decoded
}

/// Fails unless the answer makes the user sign in and has no challenge.
#[track_caller]
fn assert_without_challenge(answer: &Answer, what: &str) {
    answer.assert_problem(401, "interaction-required");
    assert_eq!(answer.body.get("claims"), None, "{what}");
    assert_eq!(answer.header(REMAPPED), r#"Bearer realm="", error="interaction_required""#, "{what}");
}

/// Entra's refusal with these `claims`.
fn refused_by_entra(claims: &Value) -> Fault {
    let body = json!({
        "error": "interaction_required", "error_description": "AADSTS50079: told", "error_codes": [50079],
        "claims": claims,
    });
    Fault::json(400, &body)
}

/// Power BI's 401 with this challenge.
fn challenged_by_power_bi(challenge: &str) -> Fault {
    let headers = [("WWW-Authenticate", challenge), ("RequestId", "5f6c0c3e-0000-0000-0000-000000000001")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Fault::Status { status: 401, headers: BTreeMap::from(headers), body: String::new() }
}

fn insufficient(claims: &str) -> String {
    format!(
        r#"Bearer realm="", authorization_uri="https://x.example/a,b", error="insufficient_claims", claims="{claims}""#
    )
}

#[tokio::test]
async fn entras_challenge_reaches_the_page_in_body_and_header() {
    let app = app().await;
    for answer in [
        app.token("mia@contoso", view("sales", "contoso-plan")).await,
        app.config("mia@contoso", view("sales", "contoso-plan")).await,
        app.datasets("mia@contoso", "").await,
    ] {
        let claims: Value = serde_json::from_str(&challenge_of(&answer)).unwrap();
        assert!(claims["access_token"].is_object(), "{claims}");
        assert!(answer.body["detail"].as_str().unwrap().contains("`claims`"), "{}", answer.body);
    }
}

/// The refusals of docs/power-bi-setup.md, in the shapes that Entra documents.
#[tokio::test]
async fn each_refusal_of_a_user_by_entra_has_its_problem() {
    for (number, error, suberror, code) in [
        (500_131, "invalid_grant", "", "unauthenticated"),
        (65001, "invalid_grant", "consent_required", "interaction-required"),
        (53003, "invalid_grant", "message_only", "interaction-required"),
        (50079, "interaction_required", "basic_action", "interaction-required"),
        (50076, "interaction_required", "basic_action", "interaction-required"),
    ] {
        let log = LogLines::at(Level::INFO);
        let app = app().await;
        let body = json!({
            "error": error, "suberror": suberror, "error_codes": [number],
            "error_description": format!("AADSTS{number}: told Trace ID: told"),
        });
        app.stack.entra().fail("*", Fault::json(400, &body), None);
        let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
        answer.assert_problem(401, code);
        assert!(!answer.body.to_string().contains("told"), "{}", answer.body);
        let line = log.take_requests().remove(0);
        assert_eq!(line["upstream_code"], format!("AADSTS{number}"), "{line:#}");
    }
}

#[tokio::test]
async fn only_a_valid_challenge_of_entra_is_passed_on() {
    let app = app().await;
    app.stack.entra().fail("*", refused_by_entra(&json!(CLAIMS)), Some(1));
    let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
    assert_eq!(challenge_of(&answer), CLAIMS);
    for claims in [
        json!("told"),
        json!("[]"),
        json!("{}"),
        json!(r#"{"told":"text"}"#),
        json!(r#"{"access_token":{"told":1}"#),
        json!(format!(r#"{{"access_token":{{"told":"{}"}}}}"#, "x".repeat(4096))),
        Value::Null,
    ] {
        app.stack.entra().fail("*", refused_by_entra(&claims), Some(1));
        let answer = app.token("carl@contoso", view("sales", "contoso-plan")).await;
        assert_without_challenge(&answer, &claims.to_string());
        assert!(!answer.body.to_string().contains("told"), "{}", answer.body);
    }
}

#[tokio::test]
async fn power_bis_challenge_of_a_user_is_passed_on() {
    for encoded in [STANDARD.encode(CLAIMS), URL_SAFE_NO_PAD.encode(CLAIMS)] {
        let app = app().await;
        app.stack.powerbi().fail("GET *", challenged_by_power_bi(&insufficient(&encoded)), None);
        let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
        assert_eq!(challenge_of(&answer), CLAIMS);
        assert_eq!(answer.body["upstreamRequestId"], "5f6c0c3e-0000-0000-0000-000000000001");
        assert_eq!(app.stack.entra().requests().len(), 1, "a new token would have the same claims");
        assert_eq!(challenge_of(&app.datasets("carl@contoso", "").await), CLAIMS);
    }
}

#[tokio::test]
async fn only_a_valid_challenge_of_power_bi_is_passed_on() {
    let app = app().await;
    for encoded in ["told", "", &STANDARD.encode("told"), &STANDARD.encode([0xff; 9])] {
        app.stack.powerbi().fail("GET *", challenged_by_power_bi(&insufficient(encoded)), Some(1));
        let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
        assert_without_challenge(&answer, encoded);
        assert!(!answer.body.to_string().contains("told"), "{}", answer.body);
        app.clock.advance(std::time::Duration::from_mins(1));
    }
    // Another error, scheme or status is not a challenge, even with claims.
    let claims = STANDARD.encode(CLAIMS);
    for other in [
        format!(r#"Bearer error="invalid_token", claims="{claims}""#),
        format!(r#"PoP error="insufficient_claims", claims="{claims}""#),
    ] {
        let app = super::app().await;
        app.stack.powerbi().fail("GET *", challenged_by_power_bi(&other), None);
        let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
        answer.assert_problem(502, "upstream-refused");
        assert_eq!(answer.body.get("claims"), None, "{other}");
    }
}

#[tokio::test]
async fn the_service_principal_cannot_answer_a_challenge() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    app.stack.powerbi().fail("*", challenged_by_power_bi(&insufficient(&STANDARD.encode(CLAIMS))), None);
    let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
    answer.assert_problem(502, "upstream-refused");
    assert_eq!((answer.body.get("claims"), answer.header(REMAPPED)), (None, ""));
    let line = log.take_requests().remove(0);
    assert!(line["cause"].as_str().unwrap().contains("workload identities"), "{line:#}");
    assert_eq!(line["upstream_code"], "insufficient_claims");

    let app = TestApp::open().await;
    app.stack.entra().fail("*", refused_by_entra(&json!(CLAIMS)), None);
    let answer = app.config("carl@contoso", view("sales", "contoso-plan")).await;
    answer.assert_problem(502, "upstream-refused");
    assert_eq!(answer.body.get("claims"), None);
}
