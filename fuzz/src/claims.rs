//! Authorizer contexts of every kind.
//!
//! Input: the context as JSON. It is inserted at every place in an event where a context can be. Everything in the event that
//! a client controls claims another identity.

use serde_json::{Value, json};

use crate::event::Demo;

/// The unverified identity that the client claims.
const DECOY: &str = "decoy@fabrikam.example";

pub(crate) fn check(input: &[u8]) {
    let Ok(context) = serde_json::from_slice::<Value>(input) else { return };
    for event in [format_2(&context), format_2(&json!({ "jwt": { "claims": context } })), format_1(&context)]
        .into_iter()
        .chain([format_1(&json!({ "claims": context }))])
    {
        for bindings in ["sales contoso-sales", "sales fabrikam-sales", "ops contoso-plan"] {
            check_event(event.clone(), bindings);
        }
    }
}

/// The oracle reads the caller from the event and ignores the decoys. A token must be for that caller.
fn check_event(mut event: Value, binding: &str) {
    let (report, dataset) = binding.split_once(' ').unwrap();
    event["body"] = json!({ "bindings": [{ "report": report, "dataset": dataset }] }).to_string().into();
    let answer = Demo::cold().send("token", &event.to_string()).expect("an event");
    assert_eq!(answer.status == 200, answer.token().is_some(), "{}", answer.body);
}

fn decoys() -> Value {
    json!({ "content-type": "application/json", "sub": DECOY, "tenant": "fabrikam", "email": DECOY,
            "x-amzn-oidc-data": DECOY })
}

fn format_2(authorizer: &Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "POST /token", "rawPath": "/token",
        "rawQueryString": "tenant=fabrikam&sub=decoy", "headers": decoys(), "isBase64Encoded": false,
        "requestContext": {
            "authorizer": authorizer, "requestId": "r", "stage": "$default", "timeEpoch": 0,
            "http": { "method": "POST", "path": "/token", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1" },
        },
    })
}

fn format_1(authorizer: &Value) -> Value {
    json!({
        "version": "1.0", "resource": "/token", "path": "/token", "httpMethod": "POST", "headers": decoys(),
        "multiValueHeaders": {}, "queryStringParameters": { "tenant": "fabrikam", "sub": DECOY },
        "requestContext": {
            "authorizer": authorizer, "requestId": "r", "stage": "prod", "httpMethod": "POST", "path": "/token",
            "identity": { "sourceIp": "192.0.2.1" },
        },
        "isBase64Encoded": false,
    })
}
