//! One cache for everything that expires.
//!
//! It is bounded, loads once for many waiters, and asks its values whether they
//! are still good: the clock is the caller's. It holds no failure, unless it is
//! told for how long one is worth remembering.

mod expiring;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

pub use expiring::{Expiring, TtlEntry};

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CacheStatus {
    /// It was in the cache and fresh.
    Hit,
    /// It was loaded for this request, or for one that asked at the same time.
    Miss,
    /// It was in the cache, and the upstream could not give a new one.
    Stale,
}

impl CacheStatus {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Hit, Self::Miss, Self::Stale];

    /// As logs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "cache",
            Self::Miss => "loaded",
            Self::Stale => "fallback",
        }
    }
}

/// Why a load failed.
pub trait LoadError: Clone + Send + Sync + 'static {
    /// Whether the fault was its caller's, who ran out of time, say: those who
    /// waited for the same load may do better themselves.
    fn is_its_callers_alone(&self) -> bool {
        false
    }
}

type Flight<V, E> = BoxFuture<'static, Result<V, E>>;

struct Slot<V: Clone, E: Clone> {
    value: Option<V>,
    flight: Option<WeakShared<Flight<V, E>>>,
    not_before: Option<SystemTime>,
    failure: Option<(E, SystemTime)>,
    last_used: u64,
}

impl<V: Clone, E: Clone> Default for Slot<V, E> {
    fn default() -> Self {
        Self { value: None, flight: None, not_before: None, failure: None, last_used: 0 }
    }
}

impl<V: Expiring, E: Clone> Slot<V, E> {
    /// The value, if it is handed out without a load.
    fn ready(&self, now: SystemTime) -> Option<&V> {
        let pausing = self.not_before.is_some_and(|until| now < until);
        self.value.as_ref().filter(|value| value.is_fresh(now) || (pausing && value.is_usable(now)))
    }

    /// The failure that is remembered in place of another load. A clock that was set back makes its
    /// age unknown, and does not keep it alive.
    fn remembered_failure(&self, now: SystemTime, kept: Duration) -> Option<&E> {
        let (error, since) = self.failure.as_ref()?;
        now.duration_since(*since).is_ok_and(|age| age < kept).then_some(error)
    }
}

struct State<K, V: Clone, E: Clone> {
    slots: HashMap<K, Slot<V, E>>,
    uses: u64,
}

impl<K: Eq + Hash, V: Clone, E: Clone> State<K, V, E> {
    /// Notes a use of a key, which is therefore not the next to go.
    fn touch(&mut self, key: &K) {
        self.uses += 1;
        if let Some(slot) = self.slots.get_mut(key) {
            slot.last_used = self.uses;
        }
    }
}

/// A cache of `V` by `K`, whose loads fail with `E`.
pub struct Cache<K, V: Clone, E: Clone> {
    state: Arc<Mutex<State<K, V, E>>>,
    capacity: usize,
    pause: Duration,
    failures: Option<RememberedFailures<E>>,
}

/// Which failures are remembered, and for how long.
struct RememberedFailures<E> {
    kept: Duration,
    is_kept: fn(&E) -> bool,
}

impl<E> Clone for RememberedFailures<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for RememberedFailures<E> {}

enum Lookup<V: Clone, E: Clone> {
    Fresh(V),
    /// A load has failed so lately that another is not worth it.
    Failed(E),
    /// A load that begins with this look.
    Load(Shared<Flight<V, E>>),
    /// A load that is under way.
    Join(Shared<Flight<V, E>>),
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
        let state = State { slots: HashMap::new(), uses: 0 };
        Self { state: Arc::new(Mutex::new(state)), capacity, pause: Duration::ZERO, failures: None }
    }

    /// After a failed load with a usable value at hand, does not try again for
    /// `pause`: an upstream in trouble is not made slower by asking, nor is the
    /// request that could be answered without it.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Remembers those failures for which `is_kept` holds, each for `kept`: asking again would
    /// bring the same answer, and would cost the upstream as much as a success.
    #[must_use]
    pub fn keeping_failures(self, kept: Duration, is_kept: fn(&E) -> bool) -> Self {
        Self { failures: Some(RememberedFailures { kept, is_kept }), ..self }
    }

    /// The value of a key if it is fresh; nothing is loaded.
    #[must_use]
    pub fn fresh(&self, key: &K, now: SystemTime) -> Option<V> {
        let mut state = self.lock();
        state.touch(key);
        state.slots.get(key)?.value.clone().filter(|value| value.is_fresh(now))
    }

    /// Whether there is a fresh value of a key.
    #[must_use]
    pub fn is_fresh(&self, key: &K, now: SystemTime) -> bool {
        let state = self.lock();
        let value = state.slots.get(key).and_then(|slot| slot.value.as_ref());
        value.is_some_and(|value| value.is_fresh(now))
    }

    /// Whether there is a usable value of a key.
    #[must_use]
    pub fn is_usable(&self, key: &K, now: SystemTime) -> bool {
        let state = self.lock();
        let value = state.slots.get(key).and_then(|slot| slot.value.as_ref());
        value.is_some_and(|value| value.is_usable(now))
    }

    /// The value of a key if it is usable; nothing is loaded.
    #[must_use]
    pub fn usable(&self, key: &K, now: SystemTime) -> Option<V> {
        self.lock().slots.get(key)?.value.clone().filter(|value| value.is_usable(now))
    }

    /// The value of a key, loaded if need be.
    ///
    /// `load` begins the load, or says why it may not; those who find another's
    /// load under way wait for that one and are not asked, unless it fails by
    /// its caller's fault. `falls_back` is asked whether a usable old value is a
    /// better answer than the failure, and may note that it is.
    ///
    /// # Errors
    /// Why the load failed.
    pub async fn get<F, X: From<E>>(
        &self,
        key: K,
        now: SystemTime,
        load: impl Fn() -> Result<F, X>,
        falls_back: impl Fn(&E) -> bool,
    ) -> Result<(V, CacheStatus), X>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let result = loop {
            match self.look_up(&key, now, &load)? {
                Lookup::Fresh(value) => return Ok((value, CacheStatus::Hit)),
                Lookup::Failed(error) => break Err(error),
                Lookup::Load(flight) => break flight.await,
                // Each turn is one load of somebody else's, so there is an end to them.
                Lookup::Join(flight) => match flight.await {
                    Err(error) if error.is_its_callers_alone() => {}
                    result => break result,
                },
            }
        };
        match result {
            Ok(value) => Ok((value, CacheStatus::Miss)),
            Err(error) => match self.usable(&key, now) {
                Some(value) if falls_back(&error) => Ok((value, CacheStatus::Stale)),
                _ => Err(error.into()),
            },
        }
    }

    /// Puts a value in, without a load.
    pub fn put(&self, key: &K, value: V, now: SystemTime) {
        let mut state = self.lock();
        if !state.slots.contains_key(key) {
            make_room(&mut state.slots, self.capacity, now);
        }
        finish(&mut state, key, Ok(value), now, Duration::ZERO, None);
        state.touch(key);
    }

    /// Forgets a key's value if it is `unwanted`.
    pub fn forget(&self, key: &K, unwanted: impl FnOnce(&V) -> bool) {
        if let Some(slot) = self.lock().slots.get_mut(key)
            && slot.value.as_ref().is_some_and(unwanted)
        {
            slot.value = None;
        }
    }

    fn look_up<F, X>(&self, key: &K, now: SystemTime, load: impl FnOnce() -> Result<F, X>) -> Result<Lookup<V, E>, X>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let mut state = self.lock();
        state.uses += 1;
        let uses = state.uses;
        if let Some(slot) = state.slots.get_mut(key) {
            slot.last_used = uses;
            if let Some(value) = slot.ready(now) {
                return Ok(Lookup::Fresh(value.clone()));
            }
            let kept = self.failures.map(|failures| failures.kept);
            if let Some(error) = kept.and_then(|kept| slot.remembered_failure(now, kept)) {
                return Ok(Lookup::Failed(error.clone()));
            }
            if let Some(flight) = slot.flight.as_ref().and_then(WeakShared::upgrade) {
                return Ok(Lookup::Join(flight));
            }
        }
        let flight = self.flight(key.clone(), now, load()?).shared();
        if !state.slots.contains_key(key) {
            make_room(&mut state.slots, self.capacity, now);
        }
        let slot = state.slots.entry(key.clone()).or_default();
        slot.last_used = uses;
        slot.flight = flight.downgrade();
        Ok(Lookup::Load(flight))
    }

    fn flight<F>(&self, key: K, now: SystemTime, load: F) -> Flight<V, E>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (state, pause, failures) = (Arc::clone(&self.state), self.pause, self.failures);
        async move {
            let result = load.await;
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            finish(&mut state, &key, result.clone(), now, pause, failures);
            result
        }
        .boxed()
    }

    fn lock(&self) -> MutexGuard<'_, State<K, V, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn finish<K: Clone + Eq + Hash, V: Clone, E: Clone>(
    state: &mut State<K, V, E>,
    key: &K,
    result: Result<V, E>,
    now: SystemTime,
    pause: Duration,
    failures: Option<RememberedFailures<E>>,
) {
    let slot = state.slots.entry(key.clone()).or_default();
    slot.flight = None;
    slot.failure = None;
    match result {
        Ok(value) => (slot.value, slot.not_before) = (Some(value), None),
        Err(error) => {
            if slot.value.is_some() {
                slot.not_before = Some(now + pause);
            }
            if failures.is_some_and(|failures| (failures.is_kept)(&error)) {
                slot.failure = Some((error, now));
            } else if slot.value.is_none() {
                // Nothing is left of it, not even its key.
                state.slots.remove(key);
            }
        }
    }
}

/// Drops what cannot be used any more, and if need be what was used longest ago.
fn make_room<K: Clone + Eq + Hash, V: Expiring, E: Clone>(
    slots: &mut HashMap<K, Slot<V, E>>,
    capacity: usize,
    now: SystemTime,
) {
    if slots.len() < capacity {
        return;
    }
    let is_useful =
        |slot: &Slot<V, E>| slot.flight.is_some() || slot.value.as_ref().is_some_and(|value| value.is_usable(now));
    slots.retain(|_, slot| is_useful(slot));
    if slots.len() >= capacity
        && let Some(oldest) = slots.iter().min_by_key(|(_, slot)| slot.last_used).map(|(key, _)| key.clone())
    {
        slots.remove(&oldest);
    }
}

#[cfg(test)]
mod tests;
