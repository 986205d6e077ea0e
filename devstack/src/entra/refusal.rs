//! Entra's error responses.

mod federated;
mod person;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::time_source::{TimeSource, whole_seconds};

/// One refusal: the OAuth error and Entra's own code and text.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: &'static str,
    code: u32,
    text: String,
    /// What an interactive sign-in would do (MSAL's `suberror`).
    suberror: Option<&'static str>,
    claims: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self { status, error, code, text: text.into(), suberror: None, claims: None }
    }

    fn bad(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, code, text)
    }

    fn unauthorized(error: &'static str, code: u32, text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error, code, text)
    }

    pub(super) fn unknown_tenant(tenant: &str) -> Self {
        Self::bad(
            "invalid_request",
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and \
             are signing into the correct cloud. Check with your subscription administrator, this \
             may happen if there are no active subscriptions for the tenant."
            ),
        )
    }

    pub(super) fn no_tenant_named() -> Self {
        Self::bad(
            "invalid_request",
            900_382,
            "Confidential Client is not supported in Cross Cloud request: the authority must name \
             a tenant.",
        )
    }

    pub(super) fn unknown_app(client_id: &str) -> Self {
        Self::bad(
            "unauthorized_client",
            700_016,
            format!(
                "Application with identifier '{client_id}' was not found in the directory. This can \
             happen if the application has not been installed by the administrator of the tenant \
             or consented to by any user in the tenant."
            ),
        )
    }

    pub(super) fn wrong_secret(client_id: &str) -> Self {
        Self::unauthorized(
            "invalid_client",
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the \
             client secret value, not the client secret ID, for a secret added to app '{client_id}'."
            ),
        )
    }

    pub(super) fn expired_secret(client_id: &str) -> Self {
        Self::unauthorized(
            "invalid_client",
            7_000_222,
            format!(
                "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create \
             new keys for your app, or consider using certificate credentials for added security."
            ),
        )
    }

    pub(super) fn no_credential() -> Self {
        Self::unauthorized(
            "invalid_client",
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or \
             'client_secret'.",
        )
    }

    pub(super) fn bad_assertion(why: &str) -> Self {
        Self::unauthorized(
            "invalid_client",
            700_027,
            format!(
                "The certificate with identifier used to sign the client assertion is not \
                     registered on application, or the assertion is invalid. [Reason - {why}]"
            ),
        )
    }

    pub(super) fn assertion_out_of_time() -> Self {
        Self::unauthorized("invalid_client", 700_024, "Client assertion is not within its valid time range.")
    }

    pub(super) fn missing_parameter(name: &str) -> Self {
        Self::bad(
            "invalid_request",
            900_144,
            format!("The request body must contain the following parameter: '{name}'."),
        )
    }

    pub(super) fn repeated_parameter(name: &str) -> Self {
        Self::bad(
            "invalid_request",
            900_144,
            format!("The request body contains the parameter '{name}' more than once."),
        )
    }

    pub(super) fn malformed() -> Self {
        Self::bad("invalid_request", 900_144, "The request body is not a well-formed form.")
    }

    pub(super) fn unsupported_grant_type(grant_type: &str) -> Self {
        Self::bad(
            "unsupported_grant_type",
            70_003,
            format!("The app requested an unsupported grant type '{grant_type}'."),
        )
    }

    pub(super) fn bad_scope(scope: &str) -> Self {
        Self::bad(
            "invalid_scope",
            70_011,
            format!(
                "The provided request must include a 'scope' input parameter. The provided value for \
             the input parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        )
    }

    pub(super) fn unknown_resource(resource: &str) -> Self {
        Self::bad(
            "invalid_resource",
            500_011,
            format!(
                "The resource principal named {resource} was not found in the tenant. This can happen \
             if the application has not been installed by the administrator of the tenant or \
             consented to by any user in the tenant."
            ),
        )
    }

    pub(super) fn response(self, time: &TimeSource) -> Response {
        let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
        let moment = whole_seconds(time.now());
        let timestamp = format!("{} {}Z", moment.date(), clock_text(moment));
        let mut body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}",
                self.code, self.text,
            ),
            "error_codes": [self.code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = json!(suberror);
        }
        if let Some(claims) = self.claims {
            body["claims"] = Value::String(claims);
        }
        (self.status, [(CACHE_CONTROL, "no-store, no-cache")], Json(body)).into_response()
    }
}

fn clock_text(moment: time::OffsetDateTime) -> String {
    format!("{:02}:{:02}:{:02}", moment.hour(), moment.minute(), moment.second())
}
