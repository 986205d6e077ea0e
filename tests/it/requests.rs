//! Malformed requests: the problem and the pointers of its faults.

use acceptance::project;
use acceptance::test_app::TestApp;
use dynabind::clock::SystemClock;
use dynabind::http::{AuthenticatedRequest, GatewayEvent, HandlerContext, Route};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

#[tokio::test]
async fn every_fault_of_a_body_has_a_pointer() {
    let app = TestApp::open().await;
    let good = json!({ "report": "sales", "dataset": "contoso-plan" });
    for (body, pointers) in [
        (json!([]), vec![""]),
        (json!("x"), vec![""]),
        (json!({}), vec![""]),
        (json!({ "bindings": {} }), vec!["/bindings"]),
        (json!({ "bindings": [] }), vec!["/bindings"]),
        (json!({ "bindings": vec![good.clone(); 51] }), vec!["/bindings"]),
        (json!({ "bindings": [good, good] }), vec!["/bindings/1"]),
        (
            json!({ "bindings": [good, { "report": "sales", "dataset": "contoso-plan", "mode": "view" }] }),
            vec!["/bindings/1"],
        ),
        (json!({ "bindings": [7] }), vec!["/bindings/0"]),
        (json!({ "bindings": [{}] }), vec!["/bindings/0"]),
        (json!({ "bindings": [{ "report": "a b" }] }), vec!["/bindings/0/report"]),
        (json!({ "bindings": [{ "report": "../x" }] }), vec!["/bindings/0/report"]),
        (json!({ "bindings": [{ "report": "x".repeat(65) }] }), vec!["/bindings/0/report"]),
        (json!({ "bindings": [{ "report": "sales", "dataset": null }] }), vec!["/bindings/0/dataset"]),
        (json!({ "bindings": [{ "report": "sales", "mode": "View" }] }), vec!["/bindings/0/mode"]),
        (
            json!({ "bindings": [{ "report": 1, "datset": "d", "mode": 2 }], "a/b~": 1, "lifetimeMinutes": 0 }),
            vec!["/bindings/0/mode", "/bindings/0/report", "/bindings/0/datset", "/lifetimeMinutes", "/a~1b~0"],
        ),
        (json!({ "bindings": [good], "lifetimeMinutes": 1441 }), vec!["/lifetimeMinutes"]),
        (json!({ "bindings": [good], "lifetimeMinutes": 1.5 }), vec!["/lifetimeMinutes"]),
        (json!({ "bindings": [good], "lifetimeMinutes": "45" }), vec!["/lifetimeMinutes"]),
        (json!({ "bindings": [good], "identity": { "username": "admin" } }), vec!["/identity"]),
    ] {
        let answer = app.config("ana@contoso", body.clone()).await;
        answer.assert_problem(400, "invalid-request");
        assert_eq!(answer.pointers(), pointers, "{body}");
    }
    assert_eq!(app.upstream_calls(), [""; 0]);

    let misspelt = app.config("ana@contoso", json!({ "bindings": [{ "report": "sales", "datset": "d" }] })).await;
    assert_eq!(misspelt.body["errors"][0]["detail"], "unknown field; known here: mode, report, dataset");
}

/// An event with this body, as text or as base64, like the gateway's.
fn with_body(app: &TestApp, body: &str, base64: bool) -> Value {
    let mut event = app.stack.event("POST", "/token", Some("ana@contoso"), Some(&json!({})));
    event["body"] = json!(body);
    event["isBase64Encoded"] = json!(base64);
    event
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let app = TestApp::open().await;
    for body in ["", "{", "{\"bindings\":[}", "bindings=1", "{} {}", &"[".repeat(10_000)] {
        let answer = app.send(with_body(&app, body, false)).await;
        answer.assert_problem(400, "invalid-request");
        assert_eq!(answer.pointers(), [""]);
    }
    let not_utf8 = "//8=";
    app.send(with_body(&app, not_utf8, true)).await.assert_problem(400, "invalid-request");
    let repeated = r#"{"bindings":[{"report":"sales","report":"ops"}]}"#;
    let answer = app.send(with_body(&app, repeated, false)).await;
    assert_eq!(answer.pointers(), ["/bindings/0/report"]);
}

#[tokio::test]
async fn the_encoding_of_a_body_does_not_matter() {
    let app = TestApp::open().await;
    // {"bindings":[{"report":"sales","dataset":"contoso-plan"}]}
    let base64 = "eyJiaW5kaW5ncyI6W3sicmVwb3J0Ijoic2FsZXMiLCJkYXRhc2V0IjoiY29udG9zby1wbGFuIn1dfQ==";
    let _ = app.send(with_body(&app, base64, true)).await.ok();
    let text = r#"{"bindings":[{"report":"sales","dataset":"contoso-plan"}]}"#;
    for content_type in
        [None, Some("application/json; charset=utf-8"), Some("Application/JSON"), Some("application/vnd.api+json")]
    {
        let mut event = with_body(&app, text, false);
        match content_type {
            Some(content_type) => event["headers"]["content-type"] = json!(content_type),
            None => drop(event["headers"].as_object_mut().unwrap().remove("content-type")),
        }
        let _ = app.send(event).await.ok();
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let mut event = with_body(&app, text, false);
        event["headers"]["content-type"] = json!(content_type);
        app.send(event).await.assert_problem(415, "unsupported-media-type");
    }
}

#[tokio::test]
async fn a_body_has_a_maximum_size() {
    let app = TestApp::open().await;
    let padded = |length: usize| {
        let body = r#"{"bindings":[{"report":"sales","dataset":"contoso-plan"}]}"#;
        body.to_owned() + &" ".repeat(length - body.len())
    };
    let _ = app.send(with_body(&app, &padded(64 * 1024), false)).await.ok();
    app.send(with_body(&app, &padded(64 * 1024 + 1), false)).await.assert_problem(413, "payload-too-large");
}

#[tokio::test]
async fn each_route_has_one_method() {
    let app = TestApp::open().await;
    for (path, allowed) in [("/token", "POST"), ("/config", "POST"), ("/datasets", "GET")] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"].into_iter().filter(|method| *method != allowed)
        {
            let answer = app.call(method, path, Some("ana@contoso"), None).await;
            answer.assert_problem(405, "method-not-allowed");
            assert_eq!(answer.header("allow"), allowed);
        }
    }
}

#[tokio::test]
async fn a_query_is_read_as_strictly_as_a_body() {
    let app = TestApp::open().await;
    for (query, pointers) in [
        ("?reports=sales", vec!["/reports"]),
        ("?report=", vec!["/report"]),
        ("?report=a%20b", vec!["/report"]),
        ("?report=sales&report=ops", vec!["/report"]),
    ] {
        let answer = app.datasets("ana@contoso", query).await;
        answer.assert_problem(400, "invalid-request");
        assert_eq!(answer.pointers(), pointers, "{query}");
    }
}

#[tokio::test]
async fn a_panic_is_a_500_without_details() {
    let vars = |name: &str| {
        (name.starts_with("AWS_") && !name.contains("URL") || name == "DYNABIND_SECRET_ID").then(|| "x".into())
    };
    let settings = dynabind::settings::Settings::from_vars(&vars).unwrap();
    let edge = HandlerContext::new(&settings, std::sync::Arc::new(SystemClock));
    let route = Route { method: http::Method::POST, path: "/token" };
    let event = project::text("tests/fixtures/events/http-api-jwt.json");
    for (panics, status) in [(true, 500), (false, 200)] {
        let event: GatewayEvent = serde_json::from_str(&event).unwrap();
        let answer = move |_: AuthenticatedRequest| async move {
            assert!(!panics, "text of the panic");
            Ok(json!({}))
        };
        let handle = |request| dynabind::http::serve(&edge, &route, request, answer);
        let answer = dynabind::http::invoke(handle, LambdaEvent::new(event, Context::default())).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer["statusCode"], status);
        let body = answer["body"].as_str().unwrap().to_owned();
        assert!(!body.contains("text of the panic"), "{body}");
        assert_eq!(body.contains("urn:dynabind:problem:internal"), panics);
    }
}

#[tokio::test]
async fn a_problem_leads_to_its_log_line() {
    let app = TestApp::open().await;
    let mut event = app.stack.event("POST", "/token", Some("ana@contoso"), Some(&json!({})));
    event["headers"]["x-correlation-id"] = json!("page-7.a_b");
    let id = event["requestContext"]["requestId"].clone();
    let answer = app.send(event.clone()).await;
    assert_eq!(answer.body["requestId"], id);
    assert_eq!(answer.header("x-correlation-id"), "page-7.a_b");
    for unfit in ["a b", "a\"b", &"x".repeat(65), ""] {
        event["headers"]["x-correlation-id"] = json!(unfit);
        assert_eq!(app.send(event.clone()).await.header("x-correlation-id"), "", "{unfit}");
    }
}

/// A gateway may send any of these fields, and a client controls some of them. Dynabind does not need them.
#[tokio::test]
async fn unused_fields_of_an_event_cannot_break_it() {
    let app = TestApp::open().await;
    for (place, value) in [
        ("/headers/host", json!("a b")),
        ("/headers/host", json!("[::1")),
        ("/headers/x-forwarded-proto", json!("1:/")),
        ("/rawPath", json!("to ken\u{0}")),
        ("/rawPath", json!(":99999999")),
        ("/rawQueryString", json!("a=<\"é\u{7f}>")),
        ("/requestContext/stage", json!("<stage>")),
        ("/requestContext/domainName", json!("")),
    ] {
        let mut event = with_body(&app, r#"{"bindings":[{"report":"sales","dataset":"contoso-plan"}]}"#, false);
        let (parent, name) = place.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = value.clone();
        let answer = app.send(event).await;
        assert_eq!(answer.status, 200, "{place} {value}: {}", answer.body);
    }
    let not_base64 = with_body(&app, "e30=!", true);
    app.send(not_base64).await.assert_problem(400, "invalid-request");
}
