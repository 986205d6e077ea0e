//! The published schema of `GenerateToken`, and checks of requests against it.

use std::sync::LazyLock;

use devstack::RecordedCall;
use jsonschema::{Draft, Validator};
use serde_json::Value;

use crate::project;

static GENERATE_TOKEN: LazyLock<Validator> = LazyLock::new(|| {
    let schema = project::json("tests/fixtures/swagger/generate-token.json");
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&schema).unwrap()
});

/// The faults of a body of `GenerateToken`.
#[must_use]
pub fn faults(body: &Value) -> Vec<String> {
    let place = |fault: jsonschema::ValidationError<'_>| format!("at {:?}: {fault}", fault.instance_path().as_str());
    GENERATE_TOKEN.iter_errors(body).map(place).collect()
}

/// Fails if a `GenerateToken` call has a body that the schema does not allow.
#[track_caller]
pub fn assert_calls<'c>(calls: impl Iterator<Item = &'c RecordedCall>) {
    for call in calls.filter(|call| call.path.ends_with("/GenerateToken")) {
        let faults = faults(&call.body);
        assert!(faults.is_empty(), "{:#} does not match the REST API:\n{}", call.body, faults.join("\n"));
    }
}
