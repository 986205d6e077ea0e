//! Time as an argument.

use std::collections::HashMap;
use std::hash::Hash;
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

/// Limits an action to once in a pause, for each key.
#[derive(Debug)]
pub struct Pacer<K = ()> {
    pause: Duration,
    max_keys: usize,
    last: Mutex<HashMap<K, SystemTime>>,
}

impl Pacer {
    /// At most once in `pause`.
    #[must_use]
    pub fn new(pause: Duration) -> Self {
        Self::by_key(pause, 1)
    }

    /// Whether the action may happen now. If so, `now` is recorded as its last time.
    pub fn may(&self, now: SystemTime) -> bool {
        self.may_for((), now)
    }
}

impl<K: Eq + Hash> Pacer<K> {
    /// At most once in `pause` for each key. At most `max_keys` keys are remembered.
    #[must_use]
    pub fn by_key(pause: Duration, max_keys: usize) -> Self {
        Self { pause, max_keys, last: Mutex::default() }
    }

    /// Whether the action may happen now for this key. If so, `now` is recorded as its last time.
    pub fn may_for(&self, key: K, now: SystemTime) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back makes the age unknown, and must not block the action.
        let is_recent = |at: SystemTime| now.duration_since(at).is_ok_and(|age| age < self.pause);
        if last.get(&key).is_some_and(|at| is_recent(*at)) {
            return false;
        }
        if last.len() >= self.max_keys {
            last.retain(|_, at| is_recent(*at));
        }
        // If there are more keys, an action that is repeated too early is better than unbounded memory.
        if last.len() < self.max_keys {
            last.insert(key, now);
        }
        true
    }
}
