//! Time as an argument.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Where the program gets the time from.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The wall-clock time now.
    fn now(&self) -> SystemTime;
}

/// The system's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Lets something happen at most once in a while.
#[derive(Debug)]
pub struct Pacer {
    pause: Duration,
    last: Mutex<Option<SystemTime>>,
}

impl Pacer {
    /// At most once in `pause`.
    #[must_use]
    pub fn new(pause: Duration) -> Self {
        Self { pause, last: Mutex::default() }
    }

    /// Whether it may happen now; if so, this was the time.
    pub fn may(&self, now: SystemTime) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes the age unknown, and does not hold anything up.
        let too_soon = last.is_some_and(|at| now.duration_since(at).is_ok_and(|age| age < self.pause));
        if !too_soon {
            *last = Some(now);
        }
        !too_soon
    }
}
