//! A pause in the use of a table after a failure.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How long a table that has failed is not called.
pub(super) const PAUSE: Duration = Duration::from_secs(10);

/// Open for a while after each failure.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Option<SystemTime>>);

impl Breaker {
    /// Whether there was a failure so lately that another try is not worth it. After a clock was set
    /// back, it is not known.
    pub(super) fn is_open(&self, now: SystemTime) -> bool {
        let failed_at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age < PAUSE))
    }

    /// Notes a failure.
    pub(super) fn open(&self, now: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}
