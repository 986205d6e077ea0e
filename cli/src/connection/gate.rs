//! How much is asked at the same time, and when nothing may be asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Calls under way at the same time unless told otherwise.
pub(crate) const AT_ONCE: usize = 8;

/// How often a throttled call is made again.
pub(crate) const MAX_WAITS: u32 = 10;

/// All calls of a run go through it.
#[derive(Debug)]
pub struct Gate {
    places: Semaphore,
    calls: AtomicU64,
    throttled: AtomicU64,
    /// The time before which the service wants no more calls.
    closed_until: Mutex<Option<Instant>>,
}

impl Gate {
    /// A gate with this many places.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        let places = Semaphore::new(at_once.max(1));
        Self { places, calls: AtomicU64::new(0), throttled: AtomicU64::new(0), closed_until: Mutex::new(None) }
    }

    /// Waits for a place, and counts a call.
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

    /// Lets nobody in for a while, as a `Retry-After` asks.
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
