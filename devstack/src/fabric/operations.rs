//! Long-running operations.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake_tenant::Definition;
use crate::time_source::rfc3339;

const OPERATION_ID: HeaderName = HeaderName::from_static("x-ms-operation-id");

/// Every operation so far.
#[derive(Debug, Default)]
pub(super) struct Operations(HashMap<Uuid, Operation>);

#[derive(Debug)]
struct Operation {
    outcome: Outcome,
    began: SystemTime,
    ends: SystemTime,
}

/// How an operation ends.
#[derive(Debug)]
pub(super) enum Outcome {
    Succeeded(Value),
    Failed,
}

impl Operations {
    pub(super) fn begin(&mut self, outcome: Outcome, began: SystemTime, time: Duration) -> Uuid {
        let id = Uuid::new_v4();
        self.0.insert(id, Operation { outcome, began, ends: began + time });
        id
    }

    pub(super) fn state(&self, id: Uuid, now: SystemTime) -> Option<OperationState<'_>> {
        self.0.get(&id).map(|operation| OperationState { id, operation, now })
    }
}

/// An operation at a moment.
pub(super) struct OperationState<'a> {
    id: Uuid,
    operation: &'a Operation,
    now: SystemTime,
}

impl<'a> OperationState<'a> {
    /// The result of an operation that has succeeded.
    pub(super) fn result(&self) -> Option<&'a Value> {
        match &self.operation.outcome {
            Outcome::Succeeded(result) if self.remaining().is_zero() => Some(result),
            _ => None,
        }
    }

    pub(super) fn response(&self, base_url: &str) -> Response {
        let Operation { outcome, began, ends } = self.operation;
        let remaining = self.remaining();
        let (status, percent, changed) = match outcome {
            _ if !remaining.is_zero() => ("Running", 25, self.now),
            Outcome::Succeeded(_) => ("Succeeded", 100, *ends),
            Outcome::Failed => ("Failed", 100, *ends),
        };
        let mut body = json!({
            "status": status,
            "createdTimeUtc": rfc3339(*began),
            "lastUpdatedTimeUtc": rfc3339(changed),
            "percentComplete": percent,
        });
        let mut headers = HeaderMap::new();
        headers.extend(header(OPERATION_ID, &self.id.to_string()));
        match status {
            "Running" => headers.extend(poll(base_url, self.id, remaining)),
            "Succeeded" => headers.extend(header(LOCATION, &format!("{base_url}/operations/{}/result", self.id))),
            _ => {
                body["error"] =
                    json!({"errorCode": "UnknownError", "message": "An error occurred.", "moreDetails": []});
            }
        }
        (headers, Json(body)).into_response()
    }

    fn remaining(&self) -> Duration {
        self.operation.ends.duration_since(self.now).unwrap_or_default()
    }
}

/// A 202 with the URL of the operation's state.
pub(super) fn accepted(base_url: &str, id: Uuid, time: Duration) -> Response {
    let mut headers = HeaderMap::new();
    headers.extend(header(OPERATION_ID, &id.to_string()));
    headers.extend(poll(base_url, id, time));
    (StatusCode::ACCEPTED, headers).into_response()
}

/// The result of a finished operation.
pub(super) fn result_response(result: &Value) -> Response {
    Json(result).into_response()
}

/// A definition as the API writes it.
pub(super) fn definition_json(definition: &Definition) -> Value {
    let part = |(path, content): (&String, &Value)| json!({"path": path, "payload": STANDARD.encode(content.to_string()), "payloadType": "InlineBase64"});
    let parts: Vec<_> = definition.parts.iter().map(part).collect();
    json!({"definition": {"parts": parts}})
}

/// The headers with the URL to read next, and the number of seconds to wait.
fn poll(base_url: &str, id: Uuid, wait: Duration) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let location = header(LOCATION, &format!("{base_url}/operations/{id}"));
    location.into_iter().chain(header(RETRY_AFTER, &seconds.max(1).to_string()))
}

fn header(name: HeaderName, value: &str) -> Option<(HeaderName, HeaderValue)> {
    HeaderValue::from_str(value).ok().map(|value| (name, value))
}
