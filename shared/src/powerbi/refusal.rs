//! What Power BI's refusals mean.
//!
//! The status alone misleads: an expired token is a 403, a missing right often
//! a 401, and many bodies are empty with the cause in a header. No official
//! error schema exists; the codes are those that users have reported.

use http::HeaderMap;

use super::wire::ErrorBody;
use crate::upstream::{Reply, Upstream, UpstreamError, UpstreamErrorKind, as_code};

/// Codes with which a new access token may help.
const TOKEN_CODES: [&str; 2] = ["TokenExpired", "InvalidToken"];

/// Reads a reply that is not a success.
pub(super) fn refusal_of(reply: &Reply) -> UpstreamError {
    let status = reply.status.as_u16();
    let body: ErrorBody = serde_json::from_slice(&reply.body).unwrap_or_default();
    let header_code = header(&reply.headers, "x-powerbi-error-info");
    let codes = [header_code.unwrap_or_default(), &body.error.code, &body.error.inner.code];
    let code = codes.iter().find_map(|code| as_code(code));
    let is_about_token = codes.iter().any(|code| TOKEN_CODES.contains(code));
    let kind = match status {
        400 | 405..=428 => UpstreamErrorKind::Rejected,
        401 => UpstreamErrorKind::TokenRefused { explained: code.is_some() && !is_about_token },
        403 if is_about_token => UpstreamErrorKind::TokenRefused { explained: false },
        // The documentation has an empty 403 for a malformed token.
        403 if code.is_none() && reply.body.is_empty() => UpstreamErrorKind::TokenRefused { explained: false },
        403 if body.error.message.contains("embed token that can be generated") => UpstreamErrorKind::Rejected,
        402 | 403 => UpstreamErrorKind::Refused,
        404 => UpstreamErrorKind::NotFound,
        _ => UpstreamErrorKind::Failed,
    };
    let remedy = remedy_of(code.as_deref().unwrap_or_default(), &body.error.message);
    UpstreamError {
        upstream: Upstream::PowerBi,
        kind,
        code,
        request_id: request_id_of(&reply.headers),
        explanation: remedy.map_or_else(|| format!("status {status}"), str::to_owned),
        cut_short: false,
    }
}

/// Power BI's id of a request, for its support.
pub(super) fn request_id_of(headers: &HeaderMap) -> Option<String> {
    header(headers, "requestid").and_then(as_code)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// How to mend what Power BI complains of, by its codes and known sentences.
fn remedy_of(code: &str, message: &str) -> Option<&'static str> {
    let by_message = MESSAGES.iter().find(|(part, _)| message.contains(part)).map(|(_, remedy)| *remedy);
    by_message.or_else(|| CODES.iter().find(|(known, _)| *known == code).map(|(_, remedy)| *remedy))
}

const MESSAGES: [(&str, &str); 7] = [
    (
        "requires effective identity to be provided",
        "the dataset has row-level security: give it an `identity` in the catalog",
    ),
    (
        "requires roles to be included",
        "the dataset's row-level security needs roles: add `roles` to its `identity` in the catalog",
    ),
    (
        "shouldn't have effective identity",
        "the dataset has no row-level security: remove its `identity` from the catalog",
    ),
    (
        "identical to the caller's principal name",
        "a live Analysis Services dataset takes only the service principal's object id as username",
    ),
    (
        "effective identity is not supported",
        "this kind of dataset takes no effective identity: remove its `identity` from the catalog",
    ),
    ("workspaces v2", "paginated reports are embedded only from new workspaces"),
    ("embed token that can be generated", "the trial's embed tokens are used up: put the workspace on a capacity"),
];

const CODES: [(&str, &str); 7] = [
    ("GroupNotAccessible", "add the service principal to the workspace as a member"),
    (
        "PowerBINotAuthorizedException",
        "the service principal lacks a right on the item: make it a member of both workspaces",
    ),
    (
        "ServicePrincipalIsNotAllowedByTenantAdminSwitch",
        "allow service principals to use Power BI APIs in the tenant's admin settings",
    ),
    ("PowerBIEntityNotFound", "no such item, or the service principal cannot see it: check the ids in the catalog"),
    (
        "PowerBIFolderNotFound",
        "no such workspace, or the service principal cannot see it: check the ids in the catalog",
    ),
    ("TokenExpired", "the access token has expired"),
    ("InvalidToken", "the access token is not valid"),
];
