//! Refusals in the formats of the REST API.
//!
//! The reference declares no error schema. Statuses, headers and bodies are as they were recorded or reported.
//! If only the status is documented, the comment at the function says so.

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

/// The header that names the cause of a refusal.
const ERROR_INFO: HeaderName = HeaderName::from_static("x-powerbi-error-info");

/// A refusal of the REST API.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// The value of `X-PowerBI-Error-Info`.
    info: Option<&'static str>,
    /// The value of `WWW-Authenticate`.
    challenge: Option<String>,
    body: Option<Value>,
}

impl Refusal {
    /// No body and no header.
    fn silent(status: StatusCode) -> Self {
        Self { status, info: None, challenge: None, body: None }
    }

    /// No body; the cause is in a header.
    fn bare(status: StatusCode, info: &'static str) -> Self {
        Self { info: Some(info), ..Self::silent(status) }
    }

    /// A code and a message.
    fn with_message(status: StatusCode, code: &'static str, message: &str) -> Self {
        let body = json!({"error": {"code": code, "message": message}});
        Self { body: Some(body), ..Self::bare(status, code) }
    }

    /// A code and Power BI's own error object. If it has details, only they contain a text.
    fn coded(status: StatusCode, code: &'static str, details: &[(&str, &str)]) -> Self {
        let detail = |(code, text): &(&str, &str)| json!({"code": code, "detail": {"type": 1, "value": text}});
        let details: Vec<_> = details.iter().map(detail).collect();
        let inner = json!({"code": code, "parameters": {}, "details": details, "exceptionCulprit": 1});
        Self { body: Some(json!({"error": {"code": code, "pbi.error": inner}})), ..Self::bare(status, code) }
    }

    /// No `Authorization` header was sent.
    pub(super) fn no_authorization() -> Self {
        Self::silent(StatusCode::FORBIDDEN)
    }

    /// The token does not have the form of a JWT.
    pub(super) fn invalid_token() -> Self {
        Self::bare(StatusCode::FORBIDDEN, "InvalidToken")
    }

    /// The token is a JWT that is not accepted.
    pub(super) fn token_expired() -> Self {
        Self::bare(StatusCode::FORBIDDEN, "TokenExpired")
    }

    /// Conditional access requires claims that the token does not have.
    pub(super) fn insufficient_claims() -> Self {
        let claims = json!({"access_token": {"acrs": {"essential": true, "value": "c1"}}}).to_string();
        let challenge = format!(
            "Bearer authorization_uri=\"https://login.windows.net/common/oauth2/authorize\", \
             error=\"insufficient_claims\", claims=\"{}\"",
            STANDARD.encode(claims),
        );
        Self { challenge: Some(challenge), ..Self::silent(StatusCode::UNAUTHORIZED) }
    }

    /// A tenant setting excludes service principals. The code is as reported, with an empty body.
    pub(super) fn not_admitted() -> Self {
        Self::bare(StatusCode::UNAUTHORIZED, "ServicePrincipalIsNotAllowedByTenantAdminSwitch")
    }

    /// Only a service principal has profiles. For these calls, neither the status nor the body is documented.
    pub(super) fn only_for_applications() -> Self {
        Self::with_message(StatusCode::FORBIDDEN, "Forbidden", "API is only accessible for a service principal")
    }

    pub(super) fn unknown_profile() -> Self {
        Self::bare(StatusCode::UNAUTHORIZED, "UnknownServicePrincipalProfile")
    }

    pub(super) fn group_not_accessible() -> Self {
        Self::bare(StatusCode::UNAUTHORIZED, "GroupNotAccessible")
    }

    pub(super) fn not_authorized() -> Self {
        Self::coded(StatusCode::UNAUTHORIZED, "PowerBINotAuthorizedException", &[])
    }

    /// The caller may read the dataset but not build on it. The answer is a 404, with the text only in the details.
    pub(super) fn lacks_build(dataset: &str) -> Self {
        let text = format!("Dataset {dataset} cannot be used, or you do not have the required permissions on it.");
        let coded = Self::coded(StatusCode::NOT_FOUND, "PowerBIEntityNotFound", &[("DetailsMessage", &text)]);
        Self { info: None, ..coded }
    }

    /// The caller is not a member of the workspace. The status is documented, the body is not.
    pub(super) fn not_a_member() -> Self {
        Self::with_message(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "The authenticated user is not a member of the workspace.",
        )
    }

    pub(super) fn not_for_applications() -> Self {
        Self::with_message(StatusCode::FORBIDDEN, "Forbidden", "API is not accessible for application")
    }

    pub(super) fn shared_capacity() -> Self {
        Self::with_message(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "You have exceeded the amount of embed token that can be generated on a shared or \
             ProPlus capacity",
        )
    }

    pub(super) fn folder_not_found() -> Self {
        Self::coded(StatusCode::NOT_FOUND, "PowerBIFolderNotFound", &[])
    }

    pub(super) fn entity_not_found() -> Self {
        Self::coded(StatusCode::NOT_FOUND, "PowerBIEntityNotFound", &[])
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::silent(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::with_message(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => (self.status, Json(body)).into_response(),
            None => self.status.into_response(),
        };
        let headers = response.headers_mut();
        if let Some(info) = self.info {
            headers.insert(ERROR_INFO, HeaderValue::from_static(info));
        }
        if let Some(challenge) = self.challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
