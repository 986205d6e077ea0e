//! The content of a cache by key, and which keys are removed to make room.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, SystemTime};

use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::expiring::Expiring;

/// A load that several requests can wait for.
pub(super) type Flight<V, E> = Shared<BoxFuture<'static, Result<V, E>>>;

/// A load that ends when no request waits for it any more.
type WeakFlight<V, E> = WeakShared<BoxFuture<'static, Result<V, E>>>;

/// The slots of a cache.
pub(super) struct Slots<K, V: Clone, E: Clone> {
    by_key: HashMap<K, Slot<V, E>>,
    uses: u64,
    pub(super) capacity: usize,
    /// The pause after a failed load, if there is a usable value.
    pub(super) pause: Duration,
    pub(super) failures: Option<RememberedFailures<E>>,
}

/// Which failures are remembered, and for how long.
pub(super) struct RememberedFailures<E> {
    pub(super) kept: Duration,
    pub(super) is_kept: fn(&E) -> bool,
}

struct Slot<V: Clone, E: Clone> {
    value: Option<V>,
    flight: Option<WeakFlight<V, E>>,
    not_before: Option<SystemTime>,
    failure: Option<(E, SystemTime)>,
    last_used: u64,
}

impl<V: Clone, E: Clone> Default for Slot<V, E> {
    fn default() -> Self {
        Self { value: None, flight: None, not_before: None, failure: None, last_used: 0 }
    }
}

/// What the cache has for a key, so that no load has to begin.
pub(super) enum Found<V: Clone, E: Clone> {
    Value(V),
    /// A load has failed so recently that another one is not tried.
    Failure(E),
    /// A load that is under way.
    Flight(Flight<V, E>),
}

impl<V: Expiring, E: Clone> Slot<V, E> {
    fn find(&self, now: SystemTime, failures_kept: Option<Duration>) -> Option<Found<V, E>> {
        let pausing = self.not_before.is_some_and(|until| now < until);
        let is_ready = |value: &&V| value.is_fresh(now) || (pausing && value.is_usable(now));
        if let Some(value) = self.value.as_ref().filter(is_ready) {
            return Some(Found::Value(value.clone()));
        }
        if let (Some((error, since)), Some(kept)) = (&self.failure, failures_kept)
            // A clock that was set back makes the age unknown, and does not keep a failure alive.
            && now.duration_since(*since).is_ok_and(|age| age < kept)
        {
            return Some(Found::Failure(error.clone()));
        }
        self.flight.as_ref().and_then(WeakShared::upgrade).map(Found::Flight)
    }

    fn is_worth_room(&self, now: SystemTime) -> bool {
        self.flight.is_some() || self.value.as_ref().is_some_and(|value| value.is_usable(now))
    }
}

impl<K: Clone + Eq + Hash, V: Expiring, E: Clone> Slots<K, V, E> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { by_key: HashMap::new(), uses: 0, capacity, pause: Duration::ZERO, failures: None }
    }

    /// The value of a key, of any age.
    pub(super) fn value(&self, key: &K) -> Option<&V> {
        self.by_key.get(key)?.value.as_ref()
    }

    /// Records a use of a key. The least recently used key is removed first.
    pub(super) fn touch(&mut self, key: &K) {
        self.uses += 1;
        if let Some(slot) = self.by_key.get_mut(key) {
            slot.last_used = self.uses;
        }
    }

    /// What the cache has for a key; `None` if a load has to begin.
    pub(super) fn find(&mut self, key: &K, now: SystemTime) -> Option<Found<V, E>> {
        self.touch(key);
        let failures_kept = self.failures.as_ref().map(|failures| failures.kept);
        self.by_key.get(key)?.find(now, failures_kept)
    }

    /// Records that a load has begun.
    pub(super) fn begin(&mut self, key: &K, flight: &Flight<V, E>, now: SystemTime) {
        self.make_room_for(key, now);
        // A weak reference: a load for which no request waits ends, and the next request begins another.
        self.by_key.entry(key.clone()).or_default().flight = flight.downgrade();
        self.touch(key);
    }

    /// Records how a load has ended.
    pub(super) fn finish(&mut self, key: &K, result: Result<V, E>, now: SystemTime) {
        let slot = self.by_key.entry(key.clone()).or_default();
        slot.flight = None;
        slot.failure = None;
        match result {
            Ok(value) => (slot.value, slot.not_before) = (Some(value), None),
            Err(error) => {
                if slot.value.is_some() {
                    slot.not_before = Some(now + self.pause);
                }
                if self.failures.as_ref().is_some_and(|failures| (failures.is_kept)(&error)) {
                    slot.failure = Some((error, now));
                } else if slot.value.is_none() {
                    // Keys come from requests, so an empty slot must not use memory.
                    self.by_key.remove(key);
                }
            }
        }
    }

    pub(super) fn put(&mut self, key: &K, value: V, now: SystemTime) {
        self.make_room_for(key, now);
        self.finish(key, Ok(value), now);
        self.touch(key);
    }

    /// Drops a key's value if it is `unwanted`.
    pub(super) fn forget(&mut self, key: &K, unwanted: impl FnOnce(&V) -> bool) {
        if let Some(slot) = self.by_key.get_mut(key)
            && slot.value.as_ref().is_some_and(unwanted)
        {
            slot.value = None;
        }
    }

    /// Drops what cannot be used any more, and then, if the cache is still full, the least recently used key.
    fn make_room_for(&mut self, key: &K, now: SystemTime) {
        if self.by_key.contains_key(key) || self.by_key.len() < self.capacity {
            return;
        }
        self.by_key.retain(|_, slot| slot.is_worth_room(now));
        if self.by_key.len() >= self.capacity
            && let Some(oldest) = self.by_key.iter().min_by_key(|(_, slot)| slot.last_used).map(|(key, _)| key.clone())
        {
            self.by_key.remove(&oldest);
        }
    }

    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.by_key.keys()
    }
}
