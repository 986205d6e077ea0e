//! A clock that stands until it is moved.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dynabind::clock::Clock;

#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<SystemTime>);

impl Default for ManualClock {
    fn default() -> Self {
        Self(Mutex::new(UNIX_EPOCH + Duration::from_hours(498_748)))
    }
}

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}
