//! No log line, error body or `Debug` text contains a secret.

use acceptance::embedded_metrics;
use acceptance::log_lines::LogLines;
use acceptance::project;
use acceptance::test_app::{TestApp, view};
use devstack::{Fault, Service};
use dynabind::clock::SystemClock;
use dynabind::http::{AuthenticatedRequest, GatewayEvent, HandlerContext, Route};
use dynabind::secrets::ServicePrincipal;
use dynabind::settings::Settings;
use fuzz::fixtures::settings;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use tracing::Level;

/// All secrets: credentials, tokens, the caller's bearer token.
pub(crate) fn secrets_of(app: &TestApp, event: &Value, answers: &[Value]) -> Vec<String> {
    let mut secrets = vec!["an-aws-secret-key".to_owned(), "an-aws-session".to_owned()];
    let stored: Value = serde_json::from_str(&app.stack.stored_secret()).unwrap();
    secrets.push(stored["clientSecret"].as_str().unwrap().to_owned());
    secrets.push(event["headers"]["authorization"].as_str().unwrap().trim_start_matches("Bearer ").to_owned());
    let calls = app.stack.log().all();
    let bearers =
        calls.iter().filter(|call| call.service == Service::PowerBi).filter_map(|call| call.header("authorization"));
    secrets.extend(bearers.map(|bearer| bearer.trim_start_matches("Bearer ").to_owned()));
    secrets.extend(answers.iter().filter_map(|answer| answer["token"].as_str().map(str::to_owned)));
    assert!(secrets.len() >= 5 && secrets.iter().all(|secret| secret.len() > 8), "there are secrets to search for");
    secrets
}

/// Faults whose bodies repeat the request, as a careless proxy does.
fn echoes(app: &TestApp) -> Vec<Fault> {
    let stored = app.stack.stored_secret();
    let body =
        json!({ "error": { "code": stored, "message": stored }, "error_description": stored, "trace_id": stored });
    let headers = [("content-type", "application/json"), ("RequestId", "x y z"), ("X-PowerBI-Error-Info", "a b")];
    let headers: std::collections::BTreeMap<_, _> = headers.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let echo = |status| Fault::Status { status, headers: headers.clone(), body: body.to_string() };
    vec![echo(200), echo(400), echo(401), echo(403), echo(404), echo(500)]
}

#[tokio::test]
async fn no_log_line_and_no_problem_holds_a_secret() {
    let log = LogLines::at(Level::TRACE);
    let app = TestApp::with_variables(&[
        ("AWS_SECRET_ACCESS_KEY", "an-aws-secret-key"),
        ("AWS_SESSION_TOKEN", "an-aws-session"),
    ])
    .await;
    let event = app.stack.event("POST", "/token", Some("ana@contoso"), Some(&view("sales", "contoso-sales")));
    let mut answers = vec![app.send(event.clone()).await.ok()];
    let mut problems = Vec::new();
    for upstream in [app.stack.powerbi(), app.stack.entra(), app.stack.secrets()] {
        for fault in echoes(&app) {
            upstream.fail("*", fault, None);
            app.clock.advance(std::time::Duration::from_hours(2));
            let answer = app.send(event.clone()).await;
            assert_ne!(answer.status, 0);
            if answer.status == 200 {
                answers.push(answer.body);
            } else {
                problems.push(answer.body);
            }
            upstream.clear_faults();
        }
    }
    problems.push(app.token("ana@contoso", json!({ "bindings": "secret" })).await.body);
    answers.push(app.send(event.clone()).await.ok());

    let secrets = secrets_of(&app, &event, &answers);
    let lines = log.take_texts();
    assert!(
        lines.iter().any(|line| line.contains("\"request\"")) && lines.iter().any(|line| line.contains("embed-token"))
    );
    assert!(problems.len() > 10);
    for text in lines.iter().cloned().chain(problems.iter().map(Value::to_string)) {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret in {text}");
        }
        assert!(!text.to_lowercase().contains("bearer ey"), "an Authorization header in {text}");
    }
}

#[tokio::test]
async fn log_lines_are_what_lambdas_filter_expects() {
    let log = LogLines::at(Level::TRACE);
    let app = TestApp::open().await;
    let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = json!("x\n{\"level\":\"FATAL\"}");
    let _ = app.send(event).await.ok();
    let lines = log.take_texts();
    for line in &lines {
        assert_eq!(line.lines().count(), 1, "a claim breaks the line: {line}");
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(["INFO", "WARN", "ERROR", "DEBUG", "TRACE"].contains(&line["level"].as_str().unwrap()));
        assert_eq!(line["timestamp"], "2026-11-24T03:00:00Z");
    }
    let request: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(
        (&request["route"], &request["status"], &request["cold_start"]),
        (&json!("/token"), &json!(200), &json!(true))
    );
    assert!(request["upstream"].as_str().unwrap().starts_with("GetSecretValue 200"));
}

/// Everyone with access to the account sees a metric's name and dimensions, and each combination costs money.
#[tokio::test]
async fn no_text_of_a_caller_gets_into_a_metric() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let told = "told\",\"told\":\"told";
    let body = json!({ "bindings": [{ "report": told, "dataset": told }], told: told });
    let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&body));
    event["rawPath"] = json!("/told");
    event["headers"]["x-correlation-id"] = json!("told");
    for claim in ["sub", "tenant"] {
        event["requestContext"]["authorizer"]["jwt"]["claims"][claim] = json!(told);
    }
    app.send(event).await.assert_problem(400, "invalid-request");
    app.call("POST", "/datasets", Some("carl@contoso"), None).await.assert_problem(405, "method-not-allowed");
    let lines = log.take_requests();
    assert_eq!(lines[0]["subject"], told);
    let data: Vec<_> = lines.iter().flat_map(embedded_metrics::read).collect();
    assert_eq!(data.iter().filter(|datum| datum.name == "Problems").count(), 2);
    assert!(data.iter().all(|datum| !format!("{datum:?}").contains("told")), "{data:#?}");
}

/// A long text that tries to forge a line and a level, and has terminal codes.
fn forged() -> String {
    format!("x\r\n{{\"level\":\"FATAL\"}}\u{2028}\u{1b}[2J\0\"{}", "y".repeat(100_000))
}

fn assert_whole_and_short(lines: &[String], what: &str) {
    assert!(lines.iter().all(|line| line.len() < 20_000 && !line.contains(char::is_control)), "{what}");
    let request: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert!(request["message"] == "request" && request["level"] != "FATAL", "{what}: {request}");
}

/// Every logged field whose text comes from outside.
#[tokio::test]
async fn no_log_field_forges_a_line_or_makes_a_long_one() {
    let log = LogLines::at(Level::TRACE);
    let app = TestApp::open().await;
    let forged = forged();
    let claims = "/requestContext/authorizer/jwt/claims";
    for (place, field) in [
        (format!("{claims}/sub"), None),
        (format!("{claims}/tenant"), Some("tenant")),
        ("/headers/x-correlation-id".to_owned(), None),
        ("/requestContext/requestId".to_owned(), Some("request_id")),
        ("/body".to_owned(), Some("faults")),
    ] {
        let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
        let body = json!({ forged[..60_000].to_owned(): 1 }).to_string();
        *event.pointer_mut(&place).unwrap_or(&mut json!(null)) =
            json!(if field == Some("faults") { &body } else { &forged });
        let _ = log.take_texts();
        let _ = app.send(event).await;
        let lines = log.take_texts();
        assert_whole_and_short(&lines, &place);
        let request: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        let written = |field: &str| request[field].as_str().unwrap_or_default().to_owned();
        // The text is shown as one field, cut short.
        assert!(field.is_none_or(|field| written(field).contains("FATAL")), "{place}: {request}");
        assert!(written("subject").len() < 300, "{place}: {request}");
    }
}

/// The trace id begins with what the client sends as `x-amzn-trace-id`.
#[tokio::test]
async fn ids_of_lambda_forge_no_log_line() {
    let log = LogLines::at(Level::TRACE);
    let _loud = TestApp::open().await;
    let edge = HandlerContext::new(&settings(&[]), std::sync::Arc::new(SystemClock));
    let route = Route { method: http::Method::POST, path: "/token" };
    let mut context = Context::default();
    (context.request_id, context.xray_trace_id) = (forged(), Some(forged()));
    let event = project::text("tests/fixtures/events/http-api-jwt.json");
    let event: GatewayEvent = serde_json::from_str(&event).unwrap();
    let answer = |_: AuthenticatedRequest| async { Ok(json!({})) };
    let handle = |request| dynabind::http::serve(&edge, &route, request, answer);
    let answer = dynabind::http::invoke(handle, LambdaEvent::new(event, context)).await.unwrap();
    assert_eq!(serde_json::to_value(answer).unwrap()["statusCode"], 200);
    let lines = log.take_texts();
    assert_whole_and_short(&lines, "context");
    assert!(lines.last().unwrap().matches("FATAL").count() == 2, "both ids are in the line: {lines:?}");
}

#[tokio::test]
async fn an_access_token_never_reaches_the_page() {
    let app = TestApp::open().await;
    let body = view("sales", "contoso-plan");
    let token = app.token("carl@contoso", body.clone()).await.ok().to_string();
    let config = app.config("carl@contoso", body).await.ok().to_string();
    let calls = app.stack.powerbi().requests();
    let access = calls[0].header("authorization").unwrap().trim_start_matches("Bearer ").to_owned();
    assert!(!token.contains(&access) && !config.contains(&access));
}

#[test]
fn debug_texts_hold_no_secret() {
    let secret = r#"{"tenantId":"t","clientId":"c","clientSecret":"hidden-secret"}"#;
    let principal = ServicePrincipal::parse(secret, std::time::SystemTime::UNIX_EPOCH).unwrap();
    let vars = |name: &str| match name {
        "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" => Some("hidden-secret".to_owned()),
        "DYNABIND_SECRET_ID" | "AWS_REGION" | "AWS_ACCESS_KEY_ID" => Some("x".to_owned()),
        _ => None,
    };
    let settings = Settings::from_vars(&vars).unwrap();
    let token = dynabind::domain::AccessToken {
        value: "hidden-secret".to_owned().into(),
        expiry: dynabind::domain::Expiry { at: std::time::SystemTime::UNIX_EPOCH, life: std::time::Duration::ZERO },
    };
    for shown in [format!("{principal:?}"), format!("{settings:?}"), format!("{token:?}")] {
        assert!(!shown.contains("hidden-secret"), "{shown}");
    }
    let faults =
        ServicePrincipal::parse(r#"{"tenantId":"hidden-secret /","clientSecret":7"#, std::time::SystemTime::UNIX_EPOCH)
            .unwrap_err();
    assert!(!format!("{faults:?}").contains("hidden-secret"));
}
