//! Answers in the XML of the Query protocol.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use uuid::Uuid;

use crate::time_source::rfc3339;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// A token, with its expiry in seconds since 1970.
pub(super) fn token(token: &str, expires: u64) -> Response {
    let expires = rfc3339(UNIX_EPOCH + Duration::from_secs(expires));
    let request_id = Uuid::new_v4();
    let body = format!(
        "<GetWebIdentityTokenResponse xmlns=\"{NAMESPACE}\">\n  <GetWebIdentityTokenResult>\n    \
         <WebIdentityToken>{token}</WebIdentityToken>\n    <Expiration>{expires}</Expiration>\n  \
         </GetWebIdentityTokenResult>\n  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  \
         </ResponseMetadata>\n</GetWebIdentityTokenResponse>\n"
    );
    xml(StatusCode::OK, request_id, body)
}

/// A refusal with AWS's code for it.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, code, message: message.into() }
    }

    pub(super) fn unknown_path() -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "UnknownOperationException", message: String::new() }
    }

    pub(super) fn missing_signature() -> Self {
        Self::forbidden("MissingAuthenticationToken", "Request is missing Authentication Token")
    }

    pub(super) fn incomplete_signature(why: &str) -> Self {
        Self::bad("IncompleteSignature", why)
    }

    pub(super) fn unknown_access_key() -> Self {
        Self::forbidden("InvalidClientTokenId", "The security token included in the request is invalid.")
    }

    pub(super) fn wrong_signature(why: &str) -> Self {
        Self::forbidden("SignatureDoesNotMatch", why)
    }

    pub(super) fn expired_access_key() -> Self {
        Self::forbidden("ExpiredToken", "The security token included in the request is expired")
    }

    pub(super) fn missing_action() -> Self {
        Self::bad("MissingAction", "Missing Action")
    }

    pub(super) fn unknown_action(action: &str, version: &str) -> Self {
        Self::bad("InvalidAction", format!("Could not find operation {action} for version {version}"))
    }

    pub(super) fn invalid(member: &str, value: &str) -> Self {
        let why = format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint");
        Self::bad("ValidationError", why)
    }

    pub(super) fn access_denied() -> Self {
        Self::forbidden(
            "AccessDenied",
            "User: arn:aws:sts::123456789012:assumed-role/dynabind-dev-Functions/dev is not authorized to perform: \
             sts:GetWebIdentityToken on resource: * because no identity-based policy allows the \
             sts:GetWebIdentityToken action",
        )
    }

    pub(super) fn federation_disabled() -> Self {
        Self::forbidden(
            "OutboundWebIdentityFederationDisabledException",
            "Outbound web identity federation is not enabled for this account.",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let request_id = Uuid::new_v4();
        let body = format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{}</Code>\n    \
             <Message>{}</Message>\n  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
            self.code,
            escaped(&self.message),
        );
        xml(self.status, request_id, body)
    }
}

fn xml(status: StatusCode, request_id: Uuid, body: String) -> Response {
    let headers = [(CONTENT_TYPE.as_str(), "text/xml".to_owned()), ("x-amzn-requestid", request_id.to_string())];
    (status, headers, body).into_response()
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '\'' | '"' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}
