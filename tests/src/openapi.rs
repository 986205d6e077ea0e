//! `openapi.yaml`, and checks of messages against it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use crate::project;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| project::yaml("openapi.yaml"));

/// The whole description.
#[must_use]
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// Every operation, as a method in capitals and a path.
#[must_use]
pub fn operations() -> BTreeSet<(String, String)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |m| (m, path)))
        .map(|(method, path)| (method.to_uppercase(), path.clone()))
        .collect()
}

/// Fails unless the description allows this answer to a request.
///
/// A query in `path` and parameters in `content_type` are ignored. For a 405, a method that the path has replaces the method.
#[track_caller]
pub fn assert_response(method: &str, path: &str, status: u16, content_type: &str, body: &Value) {
    let place = format!("{}/responses/{status}", operation(method, path, status == 405));
    assert!(DOCUMENT.pointer(&place).is_some(), "{method} {path} answers {status}, which {place} does not describe");
    if status == 204 {
        assert_eq!((content_type, body), ("", &Value::Null), "{method} {path} has content");
        return;
    }
    assert_content(&resolved(place), content_type, body);
}

/// Fails unless the description allows this body of a request.
#[track_caller]
pub fn assert_request(method: &str, path: &str, body: &Value) {
    let place = format!("{}/requestBody", operation(method, path, false));
    assert_content(&resolved(place), "application/json", body);
}

/// The validators so far, by JSON pointer. Building a validator takes longer than most requests of a test.
static VALIDATORS: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());

/// A validator of the schema at a JSON pointer into the description.
#[must_use]
pub fn validator(pointer: &str) -> Arc<Validator> {
    if let Some(found) = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner).get(pointer) {
        return Arc::clone(found);
    }
    let built = Arc::new(build_validator(pointer));
    VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner).insert(pointer.to_owned(), Arc::clone(&built));
    built
}

fn build_validator(pointer: &str) -> Validator {
    let mut schema = DOCUMENT.clone();
    schema["$ref"] = json!(format!("#{pointer}"));
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .build(&schema)
        .unwrap_or_else(|error| panic!("openapi.yaml#{pointer}: {error}"))
}

/// The JSON pointer to the description of an operation.
fn operation(method: &str, path: &str, any_method: bool) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let method = method.to_lowercase();
    let item = DOCUMENT["paths"][path].as_object();
    let item = item.unwrap_or_else(|| panic!("openapi.yaml has no path {path}"));
    let known = item
        .keys()
        .find(|&known| *known == method || any_method)
        .unwrap_or_else(|| panic!("openapi.yaml has no {method} {path}"));
    format!("/paths/{}/{known}", escaped(path))
}

/// Follows the `$ref` of a request body or response, if it is one.
fn resolved(place: String) -> String {
    let target = DOCUMENT.pointer(&place).and_then(|value| value.get("$ref"));
    match target.and_then(Value::as_str) {
        Some(reference) => reference.trim_start_matches('#').to_owned(),
        None => place,
    }
}

#[track_caller]
fn assert_content(place: &str, content_type: &str, body: &Value) {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let place = format!("{place}/content/{}", escaped(media_type));
    assert!(DOCUMENT.pointer(&place).is_some(), "openapi.yaml does not describe {place}");
    let validator = validator(&format!("{place}/schema"));
    let faults: Vec<_> =
        validator.iter_errors(body).map(|fault| format!("at {:?}: {fault}", fault.instance_path().as_str())).collect();
    assert!(faults.is_empty(), "{body:#} does not match {place}:\n{}", faults.join("\n"));
}

/// One segment of a JSON pointer.
#[must_use]
pub fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
