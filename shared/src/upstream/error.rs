//! Failures of upstream calls, classified by what a caller can do about them.

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
    /// Entra refuses the client's credential (`invalid_client`).
    InvalidClient,
    /// The upstream refuses us for another reason.
    Refused,
    /// Entra or Power BI requires an action of the user, such as multi-factor authentication or consent.
    InteractionRequired {
        /// What the next sign-in has to prove.
        claims: Option<ClaimsChallenge>,
    },
    /// Entra refuses the caller's own token, in an exchange on behalf of the caller.
    AssertionRefused,
    /// Power BI refuses the access token; a new one may help.
    TokenRefused {
        /// Whether Power BI named a cause that a new token is unlikely to remove.
        explained: bool,
    },
    /// The caller has requested too many tokens, so the upstream was not called.
    OverBudget {
        /// When the next one may be requested.
        retry_after: Duration,
    },
    /// The upstream refuses this one request.
    Rejected,
    /// The item is absent, or invisible to us.
    NotFound,
    /// 5xx, garbage or a lost connection.
    Failed,
    /// Too many requests; the next one may succeed after this time.
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
    /// The upstream that was called.
    pub upstream: Upstream,
    /// The reason.
    pub kind: UpstreamErrorKind,
    /// The upstream's error code, if it is shaped like one.
    pub code: Option<String>,
    /// The upstream's id of the request.
    pub request_id: Option<String>,
    /// For the log: what happened, and the remedy.
    pub explanation: String,
    /// Whether the call was abandoned only because the request's time had run out.
    pub deadline_exceeded: bool,
}

impl UpstreamError {
    /// An error of which only its kind and an explanation are known.
    #[must_use]
    pub fn new(upstream: Upstream, kind: UpstreamErrorKind, explanation: impl Into<String>) -> Self {
        let explanation = explanation.into();
        Self { upstream, kind, code: None, request_id: None, explanation, deadline_exceeded: false }
    }

    /// Whether this is an outage, in which values that were read earlier are still valid.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(
            self.kind,
            UpstreamErrorKind::Throttled { .. } | UpstreamErrorKind::Failed | UpstreamErrorKind::Timeout
        )
    }

    /// Whether the caller has requested too much. Another caller may still get an answer.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        matches!(self.kind, UpstreamErrorKind::OverBudget { .. })
    }

    /// Records whether the call would have been repeated if more time had been left. This does not apply to an upstream
    /// that throttles, because it decides itself when to try again.
    pub(super) fn deadline_exceeded_if(self, wanted_more: bool) -> Self {
        let is_throttled = matches!(self.kind, UpstreamErrorKind::Throttled { .. });
        Self { deadline_exceeded: wanted_more && !is_throttled, ..self }
    }
}

/// A failure that a request survived, as the log shows it.
impl From<&UpstreamError> for DegradedCause {
    fn from(error: &UpstreamError) -> Self {
        Self { cause: error.to_string(), code: error.code.clone(), request_id: error.request_id.clone() }
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_over_budget() {
            // The upstream was not called.
            return f.write_str(&self.explanation);
        }
        write!(f, "{}: {}", self.upstream, self.explanation)
    }
}

impl std::error::Error for UpstreamError {}

impl LoadError for UpstreamError {
    fn is_its_callers_alone(&self) -> bool {
        self.deadline_exceeded || self.is_over_budget()
    }
}

/// An error code of an upstream, if it contains only letters, digits and a few signs. So no other text can get into the
/// log as a code.
#[must_use]
pub(crate) fn as_code(text: &str) -> Option<String> {
    let is_code = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    (!text.is_empty() && text.len() <= 64 && is_code(text)).then(|| text.to_owned())
}
