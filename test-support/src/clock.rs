//! A clock that a test moves.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use dynabind::clock::Clock;

/// A clock that shows the same time until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<SystemTime>);

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self(Mutex::new(time))
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        *self.time() += by;
    }

    /// Moves it back, as happens when a machine's clock is corrected.
    pub fn set_back(&self, by: Duration) {
        *self.time() -= by;
    }

    /// Sets it to a time.
    pub fn set(&self, to: SystemTime) {
        *self.time() = to;
    }

    fn time(&self) -> MutexGuard<'_, SystemTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 2026-11-24T03:00:00Z.
impl Default for ManualClock {
    fn default() -> Self {
        Self::at(SystemTime::UNIX_EPOCH + Duration::from_hours(498_747))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.time()
    }
}
