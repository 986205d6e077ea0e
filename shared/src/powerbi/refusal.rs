//! What Power BI's refusals mean.
//!
//! The status is not reliable: a token that is not accepted gives a 403, and a missing right often gives a 401 or a
//! 404. Many bodies are empty, and the cause is in a header. No official error schema exists; the codes and texts here
//! were recorded or reported. `tests/fixtures/powerbi/refusals.json` names the sources.

use http::HeaderMap;

use super::error_body::ErrorBody;
use crate::upstream::{Reply, Upstream, UpstreamError, UpstreamErrorKind, as_code};

/// Codes of refusals that a new access token may resolve.
const TOKEN_CODES: [&str; 2] = ["TokenExpired", "InvalidToken"];

/// Codes of a missing right. A new access token has the same rights.
const RIGHTS_CODES: [&str; 3] =
    ["GroupNotAccessible", "PowerBINotAuthorizedException", "ServicePrincipalIsNotAllowedByTenantAdminSwitch"];

/// A part of the text for a workspace without a capacity whose trial tokens are used up.
const TRIAL_IS_OVER: &str = "embed token that can be generated";

/// Reads a reply that is not a success.
pub(super) fn error_from_response(reply: &Reply) -> UpstreamError {
    let status = reply.status.as_u16();
    let body = ErrorBody::parse(&reply.body, header(&reply.headers, "x-powerbi-error-details"));
    let codes: Vec<_> = header(&reply.headers, "x-powerbi-error-info").into_iter().chain(body.codes()).collect();
    let code = codes.iter().find_map(|code| as_code(code));
    let is_among = |known: &[&str]| codes.iter().any(|code| known.contains(code));
    let is_about_token = is_among(&TOKEN_CODES);
    let kind = match status {
        400 | 405..=428 => UpstreamErrorKind::Rejected,
        401 if is_among(&RIGHTS_CODES) => UpstreamErrorKind::Refused,
        401 => UpstreamErrorKind::TokenRefused { explained: code.is_some() && !is_about_token },
        403 if is_about_token => UpstreamErrorKind::TokenRefused { explained: false },
        // This was recorded for a request without a token. A token that is not accepted may give the same, if the
        // header with the code is lost.
        403 if code.is_none() && reply.body.is_empty() => UpstreamErrorKind::TokenRefused { explained: false },
        403 if body.says(TRIAL_IS_OVER) => UpstreamErrorKind::Rejected,
        402 | 403 => UpstreamErrorKind::Refused,
        404 => UpstreamErrorKind::NotFound,
        _ => UpstreamErrorKind::Failed,
    };
    let remedy = remedy_of(&codes, &body).or_else(|| remedy_of_kind(status, &kind));
    UpstreamError {
        upstream: Upstream::PowerBi,
        kind,
        code,
        request_id: request_id_of(&reply.headers),
        explanation: remedy.map_or_else(|| format!("status {status}"), str::to_owned),
        deadline_exceeded: false,
    }
}

/// Power BI's id of a request, for its support.
pub(super) fn request_id_of(headers: &HeaderMap) -> Option<String> {
    header(headers, "requestid").and_then(as_code)
}

/// The host of the tenant's home cluster, to which the front end forwarded the request.
pub(super) fn home_cluster_of(headers: &HeaderMap) -> Option<&str> {
    let host = header(headers, "home-cluster-uri")?.strip_prefix("https://")?.trim_end_matches('/');
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    (is_host && !host.is_empty() && host.len() <= 128).then_some(host)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The operator's remedy for a refusal, by its known texts and codes.
fn remedy_of(codes: &[&str], body: &ErrorBody<'_>) -> Option<&'static str> {
    let by_text = MESSAGES.iter().find(|(part, _)| body.says(part));
    let by_code = || CODES.iter().find(|(known, _)| codes.contains(known));
    by_text.or_else(by_code).map(|(_, remedy)| *remedy)
}

/// What a refusal without a known text or code most probably means.
fn remedy_of_kind(status: u16, kind: &UpstreamErrorKind) -> Option<&'static str> {
    match (status, kind) {
        (404, _) => Some(NOT_FOUND),
        (403, UpstreamErrorKind::TokenRefused { .. }) => Some("the access token is not accepted"),
        (403, UpstreamErrorKind::Refused) => {
            Some("the service principal lacks a right: make it a member of the workspace of each item")
        }
        _ => None,
    }
}

const NOT_FOUND: &str = "the item does not exist, or the service principal lacks Build on it or a role in its workspace: \
                         check the ids in the catalog and the service principal's role";

const MESSAGES: [(&str, &str); 9] = [
    (
        "requires effective identity to be provided",
        "a dataset of the token has row-level security: give it an `identity` in the catalog, even if it is an \
         entry of `alsoNeeds` or the report's own dataset",
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
        "a live connection to Analysis Services accepts only the service principal's object id as username",
    ),
    (
        "effective identity is not supported",
        "this kind of dataset does not support an effective identity: remove its `identity` from the catalog",
    ),
    ("workspaces v2", "paginated reports can be embedded only from workspaces of the new type"),
    (TRIAL_IS_OVER, "the trial's embed tokens are used up: put the workspace on a capacity"),
    ("have the required permissions", NOT_FOUND),
    (
        "not accessible for application",
        "Power BI offers this call to users only; a service principal needs the workspace in the path",
    ),
];

const CODES: [(&str, &str); 7] = [
    ("GroupNotAccessible", "add the service principal to the workspace as a member"),
    (
        "PowerBINotAuthorizedException",
        "the service principal lacks a right on the item: make it a member of the workspaces of report and dataset",
    ),
    (
        "ServicePrincipalIsNotAllowedByTenantAdminSwitch",
        "in the tenant's admin settings, allow service principals to use Power BI APIs",
    ),
    ("PowerBIEntityNotFound", NOT_FOUND),
    (
        "PowerBIFolderNotFound",
        "the workspace does not exist, or the service principal has no role in it: check the ids in the catalog, and \
         the role",
    ),
    ("TokenExpired", "the access token has expired, or Power BI does not accept it"),
    ("InvalidToken", "the access token is not valid"),
];
