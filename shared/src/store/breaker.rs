//! A pause in the use of a table after a failure.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How long a table that has failed is not called.
pub(super) const PAUSE: Duration = Duration::from_secs(10);

/// Open for a while after each failure.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Option<SystemTime>>);

impl Breaker {
    /// Whether the last failure is so recent that the table is not called. If the clock was set back, the age of the
    /// failure is unknown and the table is called.
    pub(super) fn is_open(&self, now: SystemTime) -> bool {
        let failed_at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age < PAUSE))
    }

    /// Notes a failure.
    pub(super) fn open(&self, now: SystemTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}
