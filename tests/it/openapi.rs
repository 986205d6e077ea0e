//! The published description of the API is consistent, and agrees with the stack and the code.

use std::collections::BTreeSet;

use acceptance::{openapi, project};
use dynabind::http::Code;
use serde_json::{Value, json};

/// Calls `visit` with every object of the description and its JSON pointer.
fn each_object(value: &Value, pointer: &str, visit: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(entries) => {
            visit(pointer, value);
            for (key, value) in entries {
                each_object(value, &format!("{pointer}/{}", openapi::escaped(key)), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each_object(item, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_reference_has_a_target() {
    let document = openapi::document();
    each_object(document, "", &mut |pointer, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{pointer}: {reference} leads nowhere");
        }
    });
}

#[test]
fn every_schema_is_valid_and_every_example_fits_its_schema() {
    let mut examples = 0;
    each_object(openapi::document(), "", &mut |pointer, media_type| {
        if !media_type.get("schema").is_some_and(Value::is_object) {
            return;
        }
        let validator = openapi::validator(&format!("{pointer}/schema"));
        let several = media_type.get("examples").and_then(Value::as_object);
        let several = several.into_iter().flatten().map(|(_, e)| &e["value"]);
        for example in several.chain(media_type.get("example")) {
            examples += 1;
            if let Err(fault) = validator.validate(example) {
                panic!("an example at {pointer}: {fault}");
            }
        }
    });
    assert!(examples >= 10, "only {examples} examples were found");
}

#[test]
fn every_object_that_goes_over_the_wire_is_closed() {
    each_object(&openapi::document()["components"]["schemas"], "", &mut |pointer, schema| {
        if schema.get("type") == Some(&json!("object")) {
            assert_eq!(
                schema.get("additionalProperties"),
                Some(&json!(false)),
                "{pointer} would accept an unknown field"
            );
        }
    });
}

#[test]
fn every_problem_belongs_to_one_status() {
    let document = openapi::document();
    let problem = &document["components"]["schemas"]["Problem"]["properties"];
    let mut seen = BTreeSet::new();
    let mut statuses = BTreeSet::new();
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        let schema = &response["content"]["application/problem+json"]["schema"]["allOf"][1];
        let status = &schema["properties"]["status"]["const"];
        let types = &schema["properties"]["type"];
        let types = types["enum"].as_array().cloned();
        let types = types.unwrap_or_else(|| vec![schema["properties"]["type"]["const"].clone()]);
        for kind in types {
            let kind = kind.as_str().unwrap().to_owned();
            assert!(seen.insert(kind.clone()), "{kind} is in {name} and in an earlier response");
        }
        statuses.insert(status.as_u64().unwrap());
    }
    let listed = |value: &Value| value["enum"].as_array().unwrap().clone();
    let all: BTreeSet<_> = listed(&problem["type"]).iter().map(|kind| kind.as_str().unwrap().to_owned()).collect();
    assert_eq!(seen, all, "the problems of the responses and of the schema");
    let all: BTreeSet<_> = listed(&problem["status"]).iter().map(|status| status.as_u64().unwrap()).collect();
    assert_eq!(statuses, all);
}

#[test]
fn the_problems_are_those_of_the_code() {
    let described = &openapi::document()["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    let described: BTreeSet<String> = serde_json::from_value(described.clone()).unwrap();
    let code = Code::ALL.map(|code| format!("urn:dynabind:problem:{}", code.as_str()));
    assert_eq!(described, BTreeSet::from(code));
}

#[test]
fn every_operation_needs_a_caller_and_describes_its_errors() {
    let document = openapi::document();
    assert_eq!(document["security"], json!([{ "callerJwt": [] }]));
    for (method, path) in openapi::operations() {
        let operation = &document["paths"][&path][method.to_lowercase()];
        assert_eq!(operation.get("security"), None, "{method} {path} is for callers too");
        let answers = operation["responses"].as_object().unwrap();
        let success = if path == "/timings" { "204" } else { "200" };
        let wanted = [success, "400", "401", "403", "405", "429"];
        for status in wanted.into_iter().chain(["500", "502", "503", "504"]) {
            assert!(answers.contains_key(status), "{method} {path} lacks {status}");
        }
    }
}

#[test]
fn an_unknown_field_or_problem_is_rejected() {
    let good = json!({
        "type": "urn:dynabind:problem:not-entitled", "title": "Not entitled", "status": 403,
        "detail": "Ask for it.", "requestId": "r1"
    });
    let problem = "application/problem+json";
    openapi::assert_response("POST", "/token", 403, problem, &good);
    for (field, value) in [
        ("upstreamBody", json!("leaked")),
        ("type", json!("urn:dynabind:problem:internal")),
        ("status", json!(401)),
        ("requestId", Value::Null),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        let outcome = std::panic::catch_unwind(|| {
            openapi::assert_response("POST", "/token", 403, problem, &bad);
        });
        assert!(outcome.is_err(), "{bad} passed");
    }
}

#[test]
fn the_version_is_that_of_the_workspace() {
    let version = &project::packages()[0]["version"];
    assert_eq!(&openapi::document()["info"]["version"], version);
}

#[test]
fn the_events_for_local_invocation_are_requests_of_the_api() {
    let folder = project::root().join("tests/events");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let event = project::json(&format!("tests/events/{name}"));
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let method = text("/requestContext/http/method").unwrap();
        let path = text("/rawPath").unwrap();
        assert!(openapi::operations().contains(&(method.to_owned(), path.to_owned())), "{name}");
        assert_eq!(text("/routeKey"), Some(format!("{method} {path}").as_str()), "{name}");
        if let Some(body) = text("/body") {
            openapi::assert_request(method, path, &serde_json::from_str(body).unwrap());
        }
    }
}
