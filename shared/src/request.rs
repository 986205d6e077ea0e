//! One request as the layers below HTTP see it: its ids, its deadline and its trace.

mod trace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::cache::{CacheStatus, Cached};

pub use trace::{CachedItem, DegradedCause, Outcome, Trace, Upstream, UpstreamCall};

/// The longest that a request is worked on, whatever Lambda would allow;
/// API Gateway gives up after 30 s.
pub const LONGEST: Duration = Duration::from_secs(20);

/// How long before Lambda's own deadline an answer has to be under way.
const MARGIN: Duration = Duration::from_millis(500);

/// By which ids the lines and traces of one request find each other.
#[derive(Clone, Debug, Default)]
pub struct RequestIds {
    /// The gateway's id, which the answer's `requestId` repeats.
    pub request: String,
    /// Lambda's id of the invocation.
    pub lambda_request: String,
    /// X-Ray's, as Lambda gives it: `Root=…;Parent=…;Sampled=1`.
    pub trace: Option<String>,
    /// The page's own, checked.
    pub correlation: Option<String>,
}

/// One request.
#[derive(Debug)]
pub struct RequestContext {
    ids: RequestIds,
    started: Instant,
    deadline: Instant,
    trace: Mutex<Trace>,
}

impl RequestContext {
    /// A request that Lambda ends in `lambda_remaining`; `None` where that is unknown.
    #[must_use]
    pub fn begin(lambda_remaining: Option<Duration>) -> Self {
        let started = Instant::now();
        let allowed = lambda_remaining.map_or(LONGEST, |remaining| remaining.saturating_sub(MARGIN).min(LONGEST));
        Self { ids: RequestIds::default(), started, deadline: started + allowed, trace: Mutex::default() }
    }

    /// The same request, known by these ids.
    #[must_use]
    pub fn with_ids(self, ids: RequestIds) -> Self {
        Self { ids, ..self }
    }

    /// By which ids it is known.
    #[must_use]
    pub fn ids(&self) -> &RequestIds {
        &self.ids
    }

    /// When the work on it began.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
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

    /// Notes which bindings it is about, by the catalog's keys.
    pub fn note_bindings(&self, keys: Arc<str>) {
        self.trace().bindings = Some(keys);
    }

    /// Notes an upstream attempt.
    pub fn note(&self, call: UpstreamCall) {
        self.trace().upstream_calls.push(call);
    }

    /// Notes where a value came from that could have been cached.
    pub fn note_cache_status(&self, item: CachedItem, status: CacheStatus) {
        self.trace().note_cache_status(item, status);
    }

    /// Notes where a cache's answer came from, and the failure that an old value stands in for.
    pub fn note_cached<V, E>(&self, item: CachedItem, cached: &Cached<V, E>)
    where
        for<'e> DegradedCause: From<&'e E>,
    {
        if let Some(failure) = cached.failure() {
            self.note_degraded(failure.into());
        }
        self.note_cache_status(item, cached.status());
    }

    /// Notes the host of the Power BI cluster that holds the tenant, where an answer names it.
    pub fn note_home_cluster(&self, host: Option<&str>) {
        let Some(host) = host else { return };
        let known = &mut self.trace().home_cluster;
        if known.as_deref() != Some(host) {
            *known = Some(host.to_owned());
        }
    }

    /// Notes a failure that the request survived; the first is remembered.
    pub fn note_degraded(&self, cause: DegradedCause) {
        self.trace().degraded.get_or_insert(cause);
    }

    /// What it has asked so far. The lock is held until the guard is dropped.
    pub fn trace(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
