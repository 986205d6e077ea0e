//! Authorizer contexts of every kind.
//!
//! Input: the context as JSON, which is put wherever an event may have one. The
//! rest of the event claims to be somebody else in every place that a client writes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::event::{Demo, allowed};

/// Whom the client says that it is, and nobody has verified.
const DECOY: &str = "decoy@fabrikam.example";

pub(crate) fn check(input: &[u8]) {
    let Ok(context) = serde_json::from_slice::<Value>(input) else { return };
    for event in [format_2(&context), format_2(&json!({ "jwt": { "claims": context } })), format_1(&context)]
        .into_iter()
        .chain([format_1(&json!({ "claims": context }))])
    {
        for bindings in ["sales contoso-sales", "sales fabrikam-sales", "ops contoso-plan"] {
            check_event(&context, event.clone(), bindings);
        }
    }
}

fn check_event(context: &Value, mut event: Value, binding: &str) {
    let (report, dataset) = binding.split_once(' ').unwrap();
    event["body"] = json!({ "bindings": [{ "report": report, "dataset": dataset }] }).to_string().into();
    let demo = Demo::cold();
    let answer = demo.send("token", &event.to_string()).expect("an event");
    let sent = demo.recorder.take();
    assert_eq!(sent.len(), usize::from(answer.status == 200), "{}", answer.body);
    for sent in sent {
        assert!(values(context, "tenant").contains(&answer.tenant), "tenant {} is of no claim", answer.tenant);
        assert!(!values(context, "sub").is_empty() || !values(context, "principalId").is_empty(), "nobody asks");
        if report == "ops" {
            let groups = values(context, "groups");
            assert!(groups.iter().any(|groups| groups.contains("analysts")), "`ops` is for analysts");
        }
        for scope in sent.identities() {
            let (emails, username) = (values(context, "email"), &scope.identity.username);
            // A fraction may lose its last digit each time that it is written and read.
            let is_number = username.parse::<f64>().is_ok();
            assert!(is_number || emails.contains(username), "{username:?} is of no claim");
        }
        allowed(&answer.tenant, str::to_owned).assert_covers(&sent, false);
    }
}

/// Every text that stands under `name`, however deep.
fn values(json: &Value, name: &str) -> BTreeSet<String> {
    match json {
        Value::Object(fields) => {
            let inner = fields.values().flat_map(|value| values(value, name));
            inner.chain(fields.get(name).map(text)).filter(|text| !text.is_empty()).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| values(item, name)).collect(),
        _ => BTreeSet::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
