//! Every kind of authorizer of API Gateway, each with an event in its documented format.

use acceptance::project;
use acceptance::test_app::TestApp;
use axum::body::to_bytes;
use serde_json::{Value, json};

fn fixture(name: &str) -> Value {
    project::json(&format!("tests/fixtures/events/{name}.json"))
}

/// Status and body of the `token` function's answer.
async fn answer_to(app: &TestApp, event: Value) -> (u16, Value) {
    let response = app.stack.invoke("token", event).await;
    let (parts, body) = response.into_parts();
    (parts.status.as_u16(), serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap())
}

#[tokio::test]
async fn every_authorizer_makes_the_same_caller() {
    for name in [
        "http-api-jwt",
        "http-api-jwt-typed",
        "http-api-lambda",
        "http-api-jwt-format-1",
        "rest-api-jwt",
        "rest-api-cognito",
        "rest-api-lambda",
    ] {
        let app = TestApp::open().await;
        let (status, body) = answer_to(&app, fixture(name)).await;
        assert_eq!(status, 200, "{name}: {body:#}");
        assert_eq!(app.token_requests()[0]["identities"][0]["username"], "carl@contoso.example", "{name}");

        // This request needs the group, because only analysts may edit.
        let mut event = fixture(name);
        let edit = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan", "mode": "edit" }] });
        event["body"] = json!(edit.to_string());
        let (status, body) = answer_to(&app, event).await;
        assert_eq!(status, 200, "{name}: {body:#}");
    }
}

#[tokio::test]
async fn cognito_groups_are_split_at_commas() {
    let app = TestApp::with_variables(&[("DYNABIND_GROUPS_CLAIM", "cognito:groups")]).await;
    let mut event = fixture("rest-api-cognito");
    event["body"] = json!(r#"{"bindings":[{"report":"ops","dataset":"contoso-plan"}]}"#);
    assert_eq!(answer_to(&app, event).await.0, 200, "`ops` is for analysts");
}

#[tokio::test]
async fn an_event_without_user_claims_has_no_caller() {
    for name in ["http-api-iam", "rest-api-iam", "http-api-anonymous", "rest-api-anonymous", "alb", "sqs"] {
        let app = TestApp::open().await;
        let (status, body) = answer_to(&app, fixture(name)).await;
        assert_eq!((status, &body["type"]), (401, &json!("urn:dynabind:problem:unauthenticated")), "{name}");
        assert_eq!(app.upstream_calls(), [""; 0]);
    }
}

#[tokio::test]
async fn an_unknown_event_is_refused_in_the_same_way() {
    let app = TestApp::open().await;
    for event in [json!({}), json!([]), json!("event"), json!(7), json!({ "rawPath": 1, "requestContext": {} })] {
        let (status, body) = answer_to(&app, event.clone()).await;
        assert_eq!((status, &body["type"]), (401, &json!("urn:dynabind:problem:unauthenticated")), "{event}");
    }
}

/// A client controls headers, query and body, but not the authorizer context.
#[tokio::test]
async fn claims_in_headers_query_or_body_are_ignored() {
    let claims = json!({ "sub": "carl", "tenant": "contoso", "email": "carl@contoso.example" });
    for name in ["http-api-anonymous", "rest-api-anonymous"] {
        let app = TestApp::open().await;
        let mut event = fixture(name);
        event["headers"]["rawPath"] = json!("/token");
        event["headers"]["authorizer"] = json!(claims.to_string());
        event["headers"]["authorization"] = json!("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYXJsIn0.");
        event["queryStringParameters"] = json!({ "claims": claims.to_string() });
        event["authorizer"] = json!({ "claims": claims });
        let (status, _) = answer_to(&app, event).await;
        assert_eq!(status, 401, "{name}");
    }
}
