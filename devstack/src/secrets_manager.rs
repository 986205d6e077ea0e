//! The stand-in for AWS Secrets Manager: `GetSecretValue` in the JSON 1.1 protocol.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sync::lock;
use crate::time_source::{TimeSource, unix_seconds};

const TARGET: &str = "secretsmanager.GetSecretValue";
const JSON_TYPE: &str = "application/x-amz-json-1.1";

/// One secret with its current and its previous version.
#[derive(Debug)]
pub(crate) struct SecretsManager {
    name: String,
    arn: String,
    time: TimeSource,
    versions: Mutex<Versions>,
}

#[derive(Debug)]
struct Versions {
    current: Version,
    previous: Option<Version>,
}

#[derive(Clone, Debug)]
struct Version {
    id: String,
    value: String,
    created: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

impl SecretsManager {
    pub(crate) fn new(name: &str, value: String, time: TimeSource) -> Self {
        let arn = format!("arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}-Zx81Qd");
        let current = Version::new(value, &time);
        let versions = Mutex::new(Versions { current, previous: None });
        Self { name: name.to_owned(), arn, time, versions }
    }

    /// Makes `value` the current version.
    pub(crate) fn rotate(&self, value: String) {
        let mut versions = lock(&self.versions);
        let old = std::mem::replace(&mut versions.current, Version::new(value, &self.time));
        versions.previous = Some(old);
    }

    /// The current value.
    pub(crate) fn current(&self) -> String {
        lock(&self.versions).current.value.clone()
    }

    pub(crate) fn routes(self: Arc<Self>) -> Router {
        Router::new()
            .route("/", get(StatusCode::OK).post(call))
            .fallback(any(async || StatusCode::NOT_FOUND))
            .with_state(self)
    }

    fn answer(&self, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
        check_envelope(headers)?;
        let request: GetSecretValue = serde_json::from_slice(body).map_err(|error| Refusal::serialization(&error))?;
        if request.secret_id != self.name && request.secret_id != self.arn {
            return Err(Refusal::not_found("Secrets Manager can't find the specified secret."));
        }
        let (version, stage) = self.version(&request)?;
        Ok(json!({
            "ARN": self.arn,
            "Name": self.name,
            "VersionId": version.id,
            "SecretString": version.value,
            "VersionStages": [stage],
            "CreatedDate": version.created,
        }))
    }

    fn version(&self, request: &GetSecretValue) -> Result<(Version, &'static str), Refusal> {
        let versions = lock(&self.versions);
        let stage = request.version_stage.as_deref();
        let wanted = |version: &Version, name: &str| {
            let stage_fits = stage.is_none_or(|stage| stage == name);
            let id_fits = request.version_id.as_ref().is_none_or(|id| *id == version.id);
            stage_fits && id_fits
        };
        if wanted(&versions.current, "AWSCURRENT") {
            return Ok((versions.current.clone(), "AWSCURRENT"));
        }
        match &versions.previous {
            Some(previous) if wanted(previous, "AWSPREVIOUS") => Ok((previous.clone(), "AWSPREVIOUS")),
            _ => {
                Err(Refusal::not_found("Secrets Manager can't find the specified secret value for the staging label."))
            }
        }
    }
}

impl Version {
    fn new(value: String, time: &TimeSource) -> Self {
        Self { id: Uuid::new_v4().to_string(), value, created: unix_seconds(time.now()) }
    }
}

async fn call(State(secrets): State<Arc<SecretsManager>>, headers: HeaderMap, body: Bytes) -> Response {
    match secrets.answer(&headers, &body) {
        Ok(body) => ([(CONTENT_TYPE, JSON_TYPE)], body.to_string()).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Checks the headers: the operation, the content type, the form of the signature.
fn check_envelope(headers: &HeaderMap) -> Result<(), Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-amz-target") != Some(TARGET) {
        return Err(Refusal::new("UnknownOperationException", "This stand-in supports only GetSecretValue."));
    }
    if header(CONTENT_TYPE.as_str()) != Some(JSON_TYPE) {
        return Err(Refusal::new("SerializationException", "The content type is not JSON 1.1."));
    }
    let signature = header(AUTHORIZATION.as_str())
        .ok_or_else(|| Refusal::new("MissingAuthenticationTokenException", "Missing Authentication Token"))?;
    let complete = signature.starts_with("AWS4-HMAC-SHA256 Credential=")
        && signature.contains("/secretsmanager/aws4_request")
        && signature.contains("SignedHeaders=")
        && signature.contains("Signature=");
    if complete && header("x-amz-date").is_some() {
        Ok(())
    } else {
        Err(Refusal::new("IncompleteSignatureException", "The signature is incomplete."))
    }
}

/// An error of the JSON 1.1 protocol. All errors here are client errors: 400.
#[derive(Debug)]
struct Refusal {
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    fn not_found(message: &str) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    fn serialization(error: &serde_json::Error) -> Self {
        Self::new("SerializationException", error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"__type": self.kind, "Message": self.message});
        let headers = [(CONTENT_TYPE.as_str(), JSON_TYPE), ("x-amzn-errortype", self.kind)];
        (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response()
    }
}
