//! How claims are read: they have the types that they have in the token. The elements of a flattened list are never guessed.

use acceptance::test_app::{Answer, TestApp, view};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A binding that is granted only to the group `analysts` of Contoso.
fn for_analysts() -> Value {
    view("ops", "contoso-plan")
}

/// An event of an HTTP API whose authorizer adds these claims to the usual ones.
fn http_api(app: &TestApp, claims: &Value, payload: Option<&Value>) -> Value {
    let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&for_analysts()));
    let all = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
    merge(all, claims);
    event["headers"]["authorization"] = match payload {
        Some(more) => {
            let mut payload = json!({ "sub": "carl@contoso", "tenant": "contoso", "email": "carl@contoso.example" });
            let of_gateway = event["requestContext"]["authorizer"]["jwt"]["claims"].clone();
            merge(&mut payload, &of_gateway);
            merge(&mut payload, more);
            json!(format!("Bearer h.{}.s", URL_SAFE_NO_PAD.encode(payload.to_string())))
        }
        None => Value::Null,
    };
    event["headers"].as_object_mut().unwrap().retain(|_, value| !value.is_null());
    event
}

fn merge(into: &mut Value, more: &Value) {
    for (name, value) in more.as_object().unwrap() {
        into[name] = value.clone();
    }
}

async fn status(app: &TestApp, event: Value) -> u16 {
    app.send(event).await.status
}

#[tokio::test]
async fn groups_of_a_flattened_list_are_those_of_the_token() {
    let app = TestApp::open().await;
    for (flattened, groups, expected) in [
        ("[sales analysts]", json!(["sales", "analysts"]), 200),
        ("[x analysts]", json!(["x analysts"]), 403),
        ("[x analysts y <nil>]", json!(["x analysts y", null]), 403),
        ("[analysts]", json!("[analysts]"), 403),
        ("analysts", json!("analysts"), 200),
    ] {
        let event = http_api(&app, &json!({ "groups": flattened }), Some(&json!({ "groups": groups })));
        assert_eq!(status(&app, event).await, expected, "{flattened} of {groups}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_the_verified_one_adds_no_group() {
    let app = TestApp::open().await;
    for forged in [
        json!({ "groups": ["analysts"], "sub": "somebody else" }),
        json!({ "groups": ["analysts"] }),
        json!({ "groups": ["sales", "analysts"] }),
    ] {
        let event = http_api(&app, &json!({ "groups": "[sales xanalysts]" }), Some(&forged));
        assert_eq!(status(&app, event).await, 403, "{forged}");
    }
}

#[tokio::test]
async fn without_the_token_a_flattened_list_is_split_at_spaces() {
    let app = TestApp::open().await;
    for (groups, expected) in [("[sales analysts]", 200), ("[sales]", 403), ("analysts", 200), ("x analysts", 403)] {
        let event = http_api(&app, &json!({ "groups": groups }), None);
        assert_eq!(status(&app, event).await, expected, "{groups}");
    }
}

#[tokio::test]
async fn typed_groups_are_taken_element_by_element() {
    let app = TestApp::open().await;
    for (groups, expected) in [
        (json!(["x analysts y", null]), 403),
        (json!(["x analysts"]), 403),
        (json!([["analysts"]]), 403),
        (json!({ "analysts": true }), 403),
        (json!([7, null, "analysts"]), 200),
    ] {
        let event = http_api(&app, &json!({ "groups": groups }), None);
        assert_eq!(status(&app, event).await, expected, "{groups}");
    }
}

#[tokio::test]
async fn the_context_of_a_lambda_authorizer_keeps_its_types() {
    let app = TestApp::open().await;
    for (groups, expected) in [
        (json!("[hr, x analysts]"), 403),
        (json!("[analysts]"), 403),
        (json!(r#"["analysts"]"#), 403),
        (json!("sales,analysts"), 403),
        (json!("analysts"), 200),
        (json!(["analysts"]), 200),
    ] {
        let context =
            json!({ "principalId": "user", "tenant": "contoso", "email": "carl@contoso.example", "groups": groups });
        for format in ["2.0", "REST"] {
            let mut event = http_api(&app, &json!({}), None);
            event["requestContext"]["authorizer"] = json!({ "lambda": context });
            if format == "REST" {
                let body = event["body"].clone();
                event = acceptance::project::json("tests/fixtures/events/rest-api-lambda.json");
                event["requestContext"]["authorizer"] = context.clone();
                event["body"] = body;
            }
            let response = app.stack.invoke("token", event).await;
            assert_eq!(response.status(), expected, "{format}: {groups}");
        }
    }
}

async fn with_claims(app: &TestApp, claims: &Value, payload: Option<&Value>) -> Answer {
    let mut event = http_api(app, claims, payload);
    event["body"] = json!(view("sales", "contoso-sales").to_string());
    app.send(event).await
}

#[tokio::test]
async fn a_list_or_object_is_neither_identity_nor_tenant_nor_subject() {
    let app = TestApp::open().await;
    for (name, code) in [("email", "claim-missing"), ("tenant", "not-entitled"), ("sub", "not-entitled")] {
        for value in [json!(["carl@contoso", "ana@contoso"]), json!(["contoso"]), json!({ "a": "contoso" }), json!([])]
        {
            let answer = with_claims(&app, &json!({ name: value }), None).await;
            answer.assert_problem(403, code);
        }
        for flattened in ["[a@x b@x]", "[contoso]", "map[a:contoso]"] {
            with_claims(&app, &json!({ name: flattened }), None).await.assert_problem(403, code);
            let of_token = json!({ name: ["a@x", "b@x", "contoso", "a:contoso"] });
            let answer = with_claims(&app, &json!({ name: flattened }), Some(&of_token)).await;
            answer.assert_problem(403, code);
        }
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn a_text_that_looks_like_a_list_is_one_value_if_the_token_says_so() {
    let app = TestApp::open().await;
    let claims = json!({ "email": "[carl@contoso.example]" });
    assert_eq!(with_claims(&app, &claims, Some(&claims)).await.status, 200);
    assert_eq!(app.token_requests()[0]["identities"][0]["username"], "[carl@contoso.example]");
}
