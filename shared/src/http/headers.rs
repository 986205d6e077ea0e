//! The headers of answers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::problem::{Code, Problem};
use super::route::Route;
use crate::upstream::UpstreamErrorKind;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// Headers of a success.
pub(super) fn of_success() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, NO_STORE)])
}

/// Headers of a success without content.
pub(super) fn of_no_content() -> HeaderMap {
    HeaderMap::from_iter([(header::CACHE_CONTROL, NO_STORE)])
}

/// Headers of a problem.
pub(super) fn of_problem(problem: &Problem, route: &Route) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, PROBLEM_JSON), (header::CACHE_CONTROL, NO_STORE)]);
    if problem.code.status() == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, challenge(problem));
    }
    if problem.code == Code::MethodNotAllowed
        && let Ok(allowed) = HeaderValue::from_str(route.method.as_str())
    {
        headers.insert(header::ALLOW, allowed);
    }
    if let Some(retry_after) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds_up(retry_after)));
    }
    headers
}

/// The challenge for the page's sign-in, in the form of Entra's "claims
/// challenges": the claims are in base64.
///
/// API Gateway renames the header to `x-amzn-remapped-www-authenticate`, so the
/// body holds the claims as well.
fn challenge(problem: &Problem) -> HeaderValue {
    if let Some(claims) = problem.claims_challenge() {
        let claims = STANDARD.encode(claims.as_str());
        let text = format!(r#"Bearer realm="", error="insufficient_claims", claims="{claims}""#);
        return HeaderValue::try_from(text).unwrap_or(BEARER);
    }
    let text = match problem.cause.as_ref().map(|cause| &cause.kind) {
        Some(UpstreamErrorKind::InteractionRequired { .. }) => r#"Bearer realm="", error="interaction_required""#,
        Some(UpstreamErrorKind::AssertionRefused) => r#"Bearer error="invalid_token""#,
        _ => return BEARER,
    };
    HeaderValue::from_static(text)
}

/// Rounded up, so that a page that waits for this time does not retry too early.
fn whole_seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The page's correlation id, if it has a form that may be logged.
pub(super) fn correlation_id(headers: &HeaderMap) -> Option<&str> {
    let is_fit = |text: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (1..=64).contains(&text.len()) && text.bytes().all(allowed)
    };
    headers.get(CORRELATION)?.to_str().ok().filter(is_fit)
}

/// Repeats the page's id in the answer.
pub(super) fn echo_correlation_id(headers: &mut HeaderMap, id: Option<&str>) {
    if let Some(value) = id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(CORRELATION, value);
    }
}
