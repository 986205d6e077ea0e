//! One request as the layers below HTTP see it: its deadline and its trace.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest that a request is worked on, whatever Lambda would allow;
/// API Gateway gives up after 30 s.
pub const LONGEST: Duration = Duration::from_secs(20);

/// How long before Lambda's own deadline an answer has to be under way.
const MARGIN: Duration = Duration::from_millis(500);

/// One request.
#[derive(Debug)]
pub struct Call {
    started: Instant,
    deadline: Instant,
    upstream_calls: Mutex<Vec<UpstreamCall>>,
}

/// One attempt at one upstream call, for the log.
#[derive(Clone, Debug)]
pub struct UpstreamCall {
    /// Which route of which upstream.
    pub route: &'static str,
    /// The status, or what happened instead.
    pub outcome: String,
    /// How long it took.
    pub elapsed_ms: u64,
}

impl UpstreamCall {
    /// An attempt that began at `started` and has just ended.
    #[must_use]
    pub fn since(started: Instant, route: &'static str, outcome: String) -> Self {
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self { route, outcome, elapsed_ms }
    }
}

impl Call {
    /// A request that Lambda ends in `lambda_remaining`; `None` where that is unknown.
    #[must_use]
    pub fn begin(lambda_remaining: Option<Duration>) -> Self {
        let started = Instant::now();
        let allowed = lambda_remaining.map_or(LONGEST, |remaining| remaining.saturating_sub(MARGIN).min(LONGEST));
        Self { started, deadline: started + allowed, upstream_calls: Mutex::default() }
    }

    /// How long it has been worked on.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// When it has to be answered.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time that is left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Notes an upstream attempt.
    pub fn note(&self, call: UpstreamCall) {
        self.upstream_calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    /// The upstream attempts so far.
    #[must_use]
    pub fn upstream_calls(&self) -> Vec<UpstreamCall> {
        self.upstream_calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
