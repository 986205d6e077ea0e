//! Values that expire.

use std::time::{Duration, SystemTime};

/// A value that expires.
pub trait Expiring: Clone + Send + Sync + 'static {
    /// Whether it is handed out without asking the upstream.
    fn is_fresh(&self, now: SystemTime) -> bool;

    /// Whether it is handed out when the upstream cannot give a new one.
    fn is_usable(&self, now: SystemTime) -> bool;
}

/// A value that is used for a time after it was read, and for longer during an outage.
#[derive(Clone, Debug)]
pub struct TtlEntry<T> {
    /// The value.
    pub value: T,
    /// When it was read.
    pub read_at: SystemTime,
    /// How long it is handed out without asking.
    pub ttl: Duration,
    /// For how much longer it is used during an outage.
    pub grace: Duration,
}

impl<T> TtlEntry<T> {
    /// The age; `None` if it is not known because the clock was set back.
    fn age(&self, now: SystemTime) -> Option<Duration> {
        now.duration_since(self.read_at).ok()
    }
}

impl<T: Clone + Send + Sync + 'static> Expiring for TtlEntry<T> {
    fn is_fresh(&self, now: SystemTime) -> bool {
        self.age(now).is_some_and(|age| age < self.ttl)
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        self.age(now).is_none_or(|age| age < self.ttl.saturating_add(self.grace))
    }
}
