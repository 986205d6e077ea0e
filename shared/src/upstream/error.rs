//! What can go wrong with an upstream, named by what a caller can do about it.

use std::fmt;
use std::time::Duration;

use super::ClaimsChallenge;
use crate::cache::LoadError;
use crate::request::{DegradedCause, Upstream};

/// Why an upstream call failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UpstreamErrorKind {
    /// The secret cannot be read, or is malformed.
    CredentialsUnavailable,
    /// Entra does not take the client's credential (`invalid_client`).
    InvalidClient,
    /// The upstream refuses us for another reason.
    Refused,
    /// Entra or Power BI requires the user: multi-factor authentication, or consent.
    InteractionRequired {
        /// What the next sign-in has to prove.
        claims: Option<ClaimsChallenge>,
    },
    /// Entra does not take the caller's own token, on whose behalf we ask.
    AssertionRefused,
    /// Power BI does not take the access token; a new one may help.
    TokenRefused {
        /// Whether Power BI named a cause that a new token hardly mends.
        explained: bool,
    },
    /// The caller has asked for too many users' tokens, so the upstream was not asked.
    OverBudget {
        /// When the next one may be asked for.
        retry_after: Duration,
    },
    /// The upstream refuses this one request.
    Rejected,
    /// The item is absent, or invisible to us.
    NotFound,
    /// 5xx, garbage or a lost connection.
    Failed,
    /// Too many requests; after this long it may do.
    Throttled {
        /// The upstream's `Retry-After`.
        retry_after: Duration,
    },
    /// The deadline ran out.
    Timeout,
}

/// A failed upstream call.
///
/// It holds no text of the upstream, since bodies may repeat what we sent; a
/// claims challenge is the only exception. A log may show its code and our own
/// explanation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UpstreamError {
    /// Which system.
    pub upstream: Upstream,
    /// Why.
    pub kind: UpstreamErrorKind,
    /// The upstream's error code, if it is shaped like one.
    pub code: Option<String>,
    /// The upstream's id of the request.
    pub request_id: Option<String>,
    /// For the log: what happened, and how to mend it.
    pub explanation: String,
    /// Whether it was given up only because its request's time had run out.
    pub deadline_exceeded: bool,
}

impl UpstreamError {
    /// An error of which only its kind and an explanation are known.
    #[must_use]
    pub fn new(upstream: Upstream, kind: UpstreamErrorKind, explanation: impl Into<String>) -> Self {
        let explanation = explanation.into();
        Self { upstream, kind, code: None, request_id: None, explanation, deadline_exceeded: false }
    }

    /// Whether this is an outage: what was good before still is.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self.kind,
            UpstreamErrorKind::Throttled { .. } | UpstreamErrorKind::Failed | UpstreamErrorKind::Timeout
        )
    }

    /// Says whether it would have been tried again, had there been more time;
    /// an upstream that throttles has said itself when to come again.
    pub(super) fn deadline_exceeded_if(self, wanted_more: bool) -> Self {
        let is_throttled = matches!(self.kind, UpstreamErrorKind::Throttled { .. });
        Self { deadline_exceeded: wanted_more && !is_throttled, ..self }
    }
}

/// What the log says of a failure that a request survived.
impl From<&UpstreamError> for DegradedCause {
    fn from(error: &UpstreamError) -> Self {
        Self { cause: error.to_string(), code: error.code.clone(), request_id: error.request_id.clone() }
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.upstream, self.explanation)
    }
}

impl std::error::Error for UpstreamError {}

impl LoadError for UpstreamError {
    fn is_its_callers_alone(&self) -> bool {
        self.deadline_exceeded
    }
}

/// An error code of an upstream, if it is no more than that: letters, digits
/// and a few signs, so that nothing else gets into the log in its place.
#[must_use]
pub(crate) fn as_code(text: &str) -> Option<String> {
    let is_code = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    (!text.is_empty() && text.len() <= 64 && is_code(text)).then(|| text.to_owned())
}
