//! One cache for everything that expires.
//!
//! Its size is bounded, and parallel requests for a key share one load. Each value decides whether it is fresh or
//! usable at a given time. The owner of the cache chooses which failures are remembered.

mod expiring;
mod slots;
mod status;

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;

pub use expiring::{Expiring, TtlEntry};
use slots::{Flight, Found, RememberedFailures, Slots};
pub use status::{CacheStatus, Cached};

/// Why a load failed.
pub trait LoadError: Clone + Send + Sync + 'static {
    /// Whether the cause concerns only the request that began the load, such as its deadline. Other requests that
    /// waited for the same load may then succeed.
    fn is_its_callers_alone(&self) -> bool {
        false
    }
}

/// A cache of `V` by `K`, whose loads fail with `E`.
pub struct Cache<K, V: Clone, E: Clone> {
    slots: Arc<Mutex<Slots<K, V, E>>>,
}

enum Lookup<V: Clone, E: Clone> {
    Found(Found<V, E>),
    /// A load that begins with this look-up.
    Load(Flight<V, E>),
}

impl<K, V, E> Cache<K, V, E>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Expiring,
    E: LoadError,
{
    /// A cache of at most `capacity` values.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { slots: Arc::new(Mutex::new(Slots::new(capacity))) }
    }

    /// After a failed load, hands out a usable value for `pause` without another load. So a failing upstream gets fewer
    /// requests, and the page does not wait for a load that will probably fail.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        self.lock().pause = pause;
        self
    }

    /// Remembers each failure for which `is_kept` holds, for the time `kept`. Another call would fail in the same way,
    /// and would cost the upstream as much as a successful one.
    #[must_use]
    pub fn keeping_failures(self, kept: Duration, is_kept: fn(&E) -> bool) -> Self {
        self.lock().failures = Some(RememberedFailures { kept, is_kept });
        self
    }

    /// The value of a key if it is fresh; nothing is loaded.
    #[must_use]
    pub fn fresh(&self, key: &K, now: SystemTime) -> Option<V> {
        let mut slots = self.lock();
        slots.touch(key);
        slots.value(key).filter(|value| value.is_fresh(now)).cloned()
    }

    /// Whether there is a fresh value of a key.
    #[must_use]
    pub fn is_fresh(&self, key: &K, now: SystemTime) -> bool {
        self.lock().value(key).is_some_and(|value| value.is_fresh(now))
    }

    /// Whether there is a usable value of a key.
    #[must_use]
    pub fn is_usable(&self, key: &K, now: SystemTime) -> bool {
        self.lock().value(key).is_some_and(|value| value.is_usable(now))
    }

    /// The value of a key if it is usable; nothing is loaded.
    #[must_use]
    pub fn usable(&self, key: &K, now: SystemTime) -> Option<V> {
        self.lock().value(key).filter(|value| value.is_usable(now)).cloned()
    }

    /// The value of a key, loaded if necessary.
    ///
    /// `load` begins the load, or returns why it may not begin. If a load of another caller is running, this caller
    /// waits for it. It begins its own load only if the other load fails for a reason that concerns only the other
    /// caller. `falls_back` decides whether a usable old value is a better answer than a failure.
    ///
    /// # Errors
    /// Why the load failed.
    pub async fn get<F, X: From<E>>(
        &self,
        key: K,
        now: SystemTime,
        load: impl Fn() -> Result<F, X>,
        falls_back: impl Fn(&E) -> bool,
    ) -> Result<Cached<V, E>, X>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let result = loop {
            match self.look_up(&key, now, &load)? {
                Lookup::Found(Found::Value(value)) => return Ok(Cached::Hit(value)),
                Lookup::Found(Found::Failure(error)) => break Err(error),
                Lookup::Load(flight) => break flight.await,
                // The loop ends, because each iteration waits for one load of another caller.
                Lookup::Found(Found::Flight(flight)) => match flight.await {
                    Err(error) if error.is_its_callers_alone() => {}
                    result => break result,
                },
            }
        };
        match result {
            Ok(value) => Ok(Cached::Miss(value)),
            Err(error) => match self.usable(&key, now) {
                Some(value) if falls_back(&error) => Ok(Cached::Stale(value, error)),
                _ => Err(error.into()),
            },
        }
    }

    /// Puts a value in, without a load.
    pub fn put(&self, key: &K, value: V, now: SystemTime) {
        self.lock().put(key, value, now);
    }

    /// Forgets a key's value if it is `unwanted`.
    pub fn forget(&self, key: &K, unwanted: impl FnOnce(&V) -> bool) {
        self.lock().forget(key, unwanted);
    }

    fn look_up<F, X>(&self, key: &K, now: SystemTime, load: impl FnOnce() -> Result<F, X>) -> Result<Lookup<V, E>, X>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        // One lock covers the look-up and the beginning of the load. Otherwise two callers could each begin a load.
        let mut slots = self.lock();
        if let Some(found) = slots.find(key, now) {
            return Ok(Lookup::Found(found));
        }
        let flight = self.flight(key.clone(), now, load()?);
        slots.begin(key, &flight, now);
        Ok(Lookup::Load(flight))
    }

    /// A load that puts its own result into the cache, because the caller that began it may be gone before it ends.
    fn flight<F>(&self, key: K, now: SystemTime, load: F) -> Flight<V, E>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let slots = Arc::clone(&self.slots);
        let load = async move {
            let result = load.await;
            slots.lock().unwrap_or_else(PoisonError::into_inner).finish(&key, result.clone(), now);
            result
        };
        load.boxed().shared()
    }

    fn lock(&self) -> MutexGuard<'_, Slots<K, V, E>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
