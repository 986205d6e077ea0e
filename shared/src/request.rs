//! One request as the layers below HTTP see it: its ids, its deadline and its trace.

mod trace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cache::{CacheStatus, Cached};

pub use trace::{CachedItem, DegradedCause, Outcome, Trace, Upstream, UpstreamCall};

/// The longest time for the work on a request, even if Lambda allows more:
/// API Gateway gives up after 30 s.
pub const LONGEST: Duration = Duration::from_secs(20);

/// How long before Lambda's own deadline the work has to end.
const MARGIN: Duration = Duration::from_millis(500);

/// The ids that connect the log lines and traces of one request.
#[derive(Clone, Debug, Default)]
pub struct RequestIds {
    /// The gateway's id, which the answer's `requestId` repeats.
    pub request: String,
    /// Lambda's id of the invocation.
    pub lambda_request: String,
    /// X-Ray's trace header, as Lambda passes it: `Root=…;Parent=…;Sampled=1`.
    pub trace: Option<String>,
    /// The page's correlation id, if it has an allowed form.
    pub correlation: Option<String>,
}

/// One request.
#[derive(Debug)]
pub struct RequestContext {
    ids: RequestIds,
    started: Instant,
    deadline: Instant,
    trace: Mutex<Trace>,
    writes: Mutex<Writes>,
}

/// Writes that a request has begun, and whose results its answer does not need.
#[derive(Debug, Default)]
struct Writes {
    pending: Vec<JoinHandle<()>>,
    waited: Duration,
}

impl RequestContext {
    /// A request that Lambda ends in `lambda_remaining`; `None` if this time is unknown.
    #[must_use]
    pub fn begin(lambda_remaining: Option<Duration>) -> Self {
        let started = Instant::now();
        let allowed = lambda_remaining.map_or(LONGEST, |remaining| remaining.saturating_sub(MARGIN).min(LONGEST));
        Self {
            ids: RequestIds::default(),
            started,
            deadline: started + allowed,
            trace: Mutex::default(),
            writes: Mutex::default(),
        }
    }

    /// The same request with these ids.
    #[must_use]
    pub fn with_ids(self, ids: RequestIds) -> Self {
        Self { ids, ..self }
    }

    /// Its ids.
    #[must_use]
    pub fn ids(&self) -> &RequestIds {
        &self.ids
    }

    /// When the work on it began.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// How long the work has taken.
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

    /// Records the bindings of the request, by the catalog's keys.
    pub fn note_bindings(&self, keys: Arc<str>) {
        self.trace().bindings = Some(keys);
    }

    /// Records that the secret was read and cannot be used.
    pub fn note_unusable_secret(&self) {
        self.trace().unusable_secret = true;
    }

    /// Records an upstream attempt.
    pub fn note(&self, call: UpstreamCall) {
        self.trace().upstream_calls.push(call);
    }

    /// Records where a cacheable value came from.
    pub fn note_cache_status(&self, item: CachedItem, status: CacheStatus) {
        self.trace().note_cache_status(item, status);
    }

    /// Records where a cache's answer came from. If an old value is used, its failure is recorded too.
    pub fn note_cached<V, E>(&self, item: CachedItem, cached: &Cached<V, E>)
    where
        for<'e> DegradedCause: From<&'e E>,
    {
        if let Some(failure) = cached.failure() {
            self.note_degraded(failure.into());
        }
        self.note_cache_status(item, cached.status());
    }

    /// Records the host of the Power BI cluster that holds the tenant, if an answer names it.
    pub fn note_home_cluster(&self, host: Option<&str>) {
        let Some(host) = host else { return };
        let known = &mut self.trace().home_cluster;
        if known.as_deref() != Some(host) {
            *known = Some(host.to_owned());
        }
    }

    /// Records a failure that the request survived; only the first is kept.
    pub fn note_degraded(&self, cause: DegradedCause) {
        self.trace().degraded.get_or_insert(cause);
    }

    /// Records a failure of the store that environments share. The log shows it only if there is no other cause.
    pub fn note_store_failure(&self, cause: DegradedCause) {
        self.trace().store_failure.get_or_insert(cause);
    }

    /// Records a write that runs in parallel with the request.
    pub fn add_write(&self, write: JoinHandle<()>) {
        self.writes().pending.push(write);
    }

    /// Takes the recorded writes, with the time for which the request has already waited for earlier writes.
    pub fn take_writes(&self) -> (Vec<JoinHandle<()>>, Duration) {
        let mut writes = self.writes();
        (std::mem::take(&mut writes.pending), writes.waited)
    }

    /// For how long the request has waited for writes.
    #[must_use]
    pub fn waited_for_writes(&self) -> Duration {
        self.writes().waited
    }

    /// Records that the request has waited for a write.
    pub fn note_waited_for_write(&self, waited: Duration) {
        self.writes().waited += waited;
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its calls and look-ups so far. The lock is held until the guard is dropped.
    pub fn trace(&self) -> MutexGuard<'_, Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
