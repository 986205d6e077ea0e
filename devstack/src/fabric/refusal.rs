//! Refusals in the Fabric API's shape.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use uuid::Uuid;

/// The header that repeats the code.
const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-public-api-error-code");

/// A refusal of the API: an `ErrorResponse` of the reference.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// No token, or one that is not for this API.
    pub(super) fn invalid_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "InvalidToken", "Access token is invalid")
    }

    pub(super) fn token_expired() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "TokenExpired",
            "Access token has expired, resubmit with a new access token",
        )
    }

    /// A person's token without `SemanticModel.ReadWrite.All`, `Report.ReadWrite.All` or `Item.ReadWrite.All`.
    pub(super) fn insufficient_scopes() -> Self {
        let message = "The caller does not have sufficient scopes to perform this operation";
        Self::new(StatusCode::FORBIDDEN, "InsufficientScopes", message)
    }

    /// The caller is not a contributor, member or admin of the workspace.
    pub(super) fn insufficient_privileges() -> Self {
        let message = "The caller does not have sufficient permissions to perform this operation";
        Self::new(StatusCode::FORBIDDEN, "InsufficientPrivileges", message)
    }

    pub(super) fn workspace_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "WorkspaceNotFound", "The requested workspace was not found")
    }

    pub(super) fn item_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "ItemNotFound", "The requested item was not found")
    }

    /// The item has a sensitivity label with encryption. Published clients handle this code.
    pub(super) fn protected_label() -> Self {
        Self::new(StatusCode::FORBIDDEN, "ItemHasProtectedLabel", "Requested item has a protected label")
    }

    /// The item has no definition; this is so for paginated reports.
    pub(super) fn not_supported() -> Self {
        let message = "The operation is not supported for the requested item";
        Self::new(StatusCode::BAD_REQUEST, "OperationNotSupportedForItem", message)
    }

    /// The code is not documented.
    pub(super) fn operation_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "OperationNotFound", "The requested operation was not found")
    }

    /// The operation still runs, or has failed.
    pub(super) fn no_result() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "OperationHasNoResult", "The operation has no result")
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidInput", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "requestId": Uuid::new_v4(),
            "errorCode": self.code,
            "moreDetails": [],
            "message": self.message,
            "isRetriable": false,
        });
        (self.status, [(ERROR_CODE, HeaderValue::from_static(self.code))], Json(body)).into_response()
    }
}
