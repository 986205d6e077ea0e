//! The log lines of a request, and the ids that connect them with each other and with other logs.

use acceptance::log_lines::LogLines;
use acceptance::test_app::{TestApp, view};
use devstack::{Fault, Service};
use serde_json::{Value, json};
use tracing::Level;

/// The lines that a request has written, and the ids of its event.
async fn lines_of(app: &TestApp, log: &LogLines, path: &str) -> (Vec<Value>, Value) {
    let mut event = app.stack.event("POST", path, Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    event["headers"]["x-correlation-id"] = json!("page-7");
    let id = event["requestContext"]["requestId"].clone();
    let _ = app.send(event).await.ok();
    (log.take(), id)
}

#[tokio::test]
async fn request_and_audit_line_name_the_same_ids() {
    for (scenario, audit) in [("customers", "embed-token"), ("organization", "user-token")] {
        let log = LogLines::at(Level::INFO);
        let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", scenario)]).await;
        let (lines, id) = lines_of(&app, &log, "/token").await;
        assert_eq!((lines.len(), &lines[0]["audit"], &lines[1]["message"]), (2, &json!(audit), &json!("request")));
        for line in &lines {
            let ids = (&line["request_id"], &line["correlation_id"], &line["subject"], &line["tenant"]);
            assert_eq!(ids, (&id, &json!("page-7"), &lines[1]["subject"], &json!("contoso")), "{line:#}");
        }
    }
}

#[tokio::test]
async fn a_users_own_token_is_audited_each_time_it_is_handed_out() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", "organization")]).await;
    for path in ["/token", "/config"] {
        let (lines, _) = lines_of(&app, &log, path).await;
        let audited: Vec<_> = lines.iter().filter(|line| line["audit"] == "user-token").collect();
        assert_eq!(audited.len(), 1, "{path}: {lines:#?}");
        let of_binding = ["reports", "datasets"].map(|field| audited[0][field].as_str().unwrap().len());
        assert_eq!(of_binding, [36, 36], "one GUID each");
        assert!(audited[0]["expiration"].as_str().unwrap().ends_with('Z'));
    }
    let nobody = app.token("carl@contoso", view("sales", "fabrikam-sales")).await;
    nobody.assert_problem(403, "not-entitled");
    assert!(log.take().iter().all(|line| line["audit"].is_null()), "no token was returned");
}

#[tokio::test]
async fn the_request_line_shows_what_came_from_a_cache() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let cache_of = async |path: &str| {
        let (lines, _) = lines_of(&app, &log, path).await;
        let line = lines.last().unwrap();
        (line["cache"].as_str().unwrap_or_default().to_owned(), line["level"].as_str().unwrap().to_owned())
    };
    let info = |text: &str| (text.to_owned(), "INFO".to_owned());
    assert_eq!(cache_of("/token").await, info("Secret loaded, AccessToken loaded, EmbedToken loaded"));
    assert_eq!(cache_of("/token").await, info("EmbedToken hit"));
    // The functions share no cache. The token and the report wait for one access token.
    let cold = "Secret loaded, AccessToken loaded 2, EmbedToken loaded, Report loaded";
    assert_eq!(cache_of("/config").await, info(cold));
    assert_eq!(cache_of("/config").await, info("EmbedToken hit, Report hit"));

    app.stack.powerbi().fail("*", Fault::ResetBeforeAnswer, None);
    app.clock.advance(std::time::Duration::from_mins(50));
    let (cache, level) = cache_of("/config").await;
    assert!(cache.contains("EmbedToken fallback, Report fallback"), "{cache}");
    assert_eq!(level, "WARN", "a failed upstream call is a warning");
}

#[tokio::test]
async fn trace_headers_go_to_aws_and_not_to_microsoft() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let (lines, _) = lines_of(&app, &log, "/config").await;
    let trace = lines.last().unwrap()["trace_id"].as_str().unwrap().to_owned();
    assert!(trace.starts_with("Root=1-") && trace.contains(";Parent="), "{trace}");
    let calls = app.stack.log().all();
    assert!(calls.len() > 3);
    for call in &calls {
        let expected = (call.service == Service::SecretsManager).then_some(trace.as_str());
        assert_eq!(call.header("x-amzn-trace-id"), expected, "{:?}", call.service);
        let is_sent = call.headers.iter().any(|(_, value)| value.contains("page-7"));
        assert!(!is_sent, "{:?}: {:?}", call.service, call.headers);
    }
}

#[tokio::test]
async fn an_invalid_correlation_id_is_not_logged() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    event["headers"]["x-correlation-id"] = json!("page 7");
    let _ = app.send(event).await.ok();
    assert!(log.take().iter().all(|line| line["correlation_id"].is_null()));
}
