//! Limits how many calls run at the same time, and pauses all calls after throttling.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// The default number of calls at the same time.
pub(crate) const AT_ONCE: usize = 8;

/// How often a throttled call is repeated.
pub(crate) const MAX_WAITS: u32 = 10;

/// The limiter that all calls of a run pass.
#[derive(Debug)]
pub struct Gate {
    places: Semaphore,
    calls: AtomicU64,
    throttled: AtomicU64,
    /// No call starts before this time, because the service throttled one.
    closed_until: Mutex<Option<Instant>>,
}

impl Gate {
    /// A gate with this many slots.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        let places = Semaphore::new(at_once.max(1));
        Self { places, calls: AtomicU64::new(0), throttled: AtomicU64::new(0), closed_until: Mutex::new(None) }
    }

    /// Waits for a slot and the end of a pause, and counts a call.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let place = self.places.acquire().await.ok();
        loop {
            let until = *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => tokio::time::sleep_until(until).await,
                None => break,
            }
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        place
    }

    /// Lets no call start for this time, which comes from a `Retry-After`.
    pub(crate) fn close_for(&self, pause: Duration) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        let until = Instant::now() + pause;
        let mut closed = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |before| before.max(until)));
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How many of them were throttled.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }
}
