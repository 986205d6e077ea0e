//! One cache for everything that expires.
//!
//! It is bounded, never holds a failure, loads once for many waiters, and asks
//! its values whether they are still good: the clock is the caller's.

mod aged;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

pub use aged::{Aged, Perishable};

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// It was in the cache and fresh.
    Cache,
    /// It was loaded for this request, or for one that asked at the same time.
    Loaded,
    /// It was in the cache, and the upstream could not give a new one.
    Fallback,
}

impl Origin {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::Cache, Self::Loaded, Self::Fallback];

    /// As logs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Loaded => "loaded",
            Self::Fallback => "fallback",
        }
    }
}

type Flight<V, E> = BoxFuture<'static, Result<V, E>>;

struct Slot<V: Clone, E: Clone> {
    value: Option<V>,
    flight: Option<WeakShared<Flight<V, E>>>,
    not_before: Option<SystemTime>,
    last_used: u64,
}

impl<V: Clone, E: Clone> Default for Slot<V, E> {
    fn default() -> Self {
        Self { value: None, flight: None, not_before: None, last_used: 0 }
    }
}

impl<V: Perishable, E: Clone> Slot<V, E> {
    /// The value, if it is handed out without a load.
    fn ready(&self, now: SystemTime) -> Option<&V> {
        let pausing = self.not_before.is_some_and(|until| now < until);
        self.value.as_ref().filter(|value| value.is_fresh(now) || (pausing && value.is_usable(now)))
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
}

enum Lookup<V: Clone, E: Clone> {
    Fresh(V),
    Wait(Shared<Flight<V, E>>),
}

impl<K, V, E> Cache<K, V, E>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Perishable,
    E: Clone + Send + Sync + 'static,
{
    /// A cache of at most `capacity` values.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let state = State { slots: HashMap::new(), uses: 0 };
        Self { state: Arc::new(Mutex::new(state)), capacity, pause: Duration::ZERO }
    }

    /// After a failed load with a usable value at hand, does not try again for
    /// `pause`: an upstream in trouble is not made slower by asking, nor is the
    /// request that could be answered without it.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause, ..self }
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

    /// The value of a key if it is usable; nothing is loaded.
    #[must_use]
    pub fn usable(&self, key: &K, now: SystemTime) -> Option<V> {
        self.lock().slots.get(key)?.value.clone().filter(|value| value.is_usable(now))
    }

    /// The value of a key, loaded if need be.
    ///
    /// `load` begins the load, or says why it may not; those who find another's
    /// load under way wait for that one and are not asked. `falls_back` says of which failures a usable old value is the better answer.
    ///
    /// # Errors
    /// Why the load failed.
    pub async fn get<F, X: From<E>>(
        &self,
        key: K,
        now: SystemTime,
        load: impl FnOnce() -> Result<F, X>,
        falls_back: impl Fn(&E) -> bool,
    ) -> Result<(V, Origin), X>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let flight = match self.look_up(&key, now, load)? {
            Lookup::Fresh(value) => return Ok((value, Origin::Cache)),
            Lookup::Wait(flight) => flight,
        };
        match flight.await {
            Ok(value) => Ok((value, Origin::Loaded)),
            Err(error) if falls_back(&error) => match self.usable(&key, now) {
                Some(value) => Ok((value, Origin::Fallback)),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a value in, without a load.
    pub fn put(&self, key: &K, value: V, now: SystemTime) {
        let mut state = self.lock();
        if !state.slots.contains_key(key) {
            make_room(&mut state.slots, self.capacity, now);
        }
        finish(&mut state, key, Ok(value), now, Duration::ZERO);
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
            if let Some(flight) = slot.flight.as_ref().and_then(WeakShared::upgrade) {
                return Ok(Lookup::Wait(flight));
            }
        }
        let flight = self.flight(key.clone(), now, load()?).shared();
        if !state.slots.contains_key(key) {
            make_room(&mut state.slots, self.capacity, now);
        }
        let slot = state.slots.entry(key.clone()).or_default();
        slot.last_used = uses;
        slot.flight = flight.downgrade();
        Ok(Lookup::Wait(flight))
    }

    fn flight<F>(&self, key: K, now: SystemTime, load: F) -> Flight<V, E>
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (state, pause) = (Arc::clone(&self.state), self.pause);
        async move {
            let result = load.await;
            finish(&mut state.lock().unwrap_or_else(PoisonError::into_inner), &key, result.clone(), now, pause);
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
) {
    let slot = state.slots.entry(key.clone()).or_default();
    slot.flight = None;
    match result {
        Ok(value) => (slot.value, slot.not_before) = (Some(value), None),
        Err(_) if slot.value.is_some() => slot.not_before = Some(now + pause),
        // Nothing is kept of a failure, not even its key.
        Err(_) => drop(state.slots.remove(key)),
    }
}

/// Drops what cannot be used any more, and if need be what was used longest ago.
fn make_room<K: Clone + Eq + Hash, V: Perishable, E: Clone>(
    slots: &mut HashMap<K, Slot<V, E>>,
    capacity: usize,
    now: SystemTime,
) {
    if slots.len() < capacity {
        return;
    }
    slots.retain(|_, slot| slot.flight.is_some() || slot.value.as_ref().is_some_and(|value| value.is_usable(now)));
    if slots.len() >= capacity
        && let Some(oldest) = slots.iter().min_by_key(|(_, slot)| slot.last_used).map(|(key, _)| key.clone())
    {
        slots.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Fresh for 10 s after 0, usable for 20 s.
    #[derive(Clone, Debug, PartialEq)]
    struct Value(u64);

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    impl Perishable for Value {
        fn is_fresh(&self, now: SystemTime) -> bool {
            now < at(self.0 + 10)
        }

        fn is_usable(&self, now: SystemTime) -> bool {
            now < at(self.0 + 20)
        }
    }

    type TestCache = Cache<u64, Value, &'static str>;

    /// Asks at `now`; a load gives a value of that time, or fails with `failure`.
    async fn ask(
        cache: &TestCache,
        key: u64,
        now: u64,
        failure: Option<&'static str>,
    ) -> Result<(u64, Origin), &'static str> {
        let load = || Ok::<_, &str>(async move { failure.map_or(Ok(Value(now)), Err) });
        let answer = cache.get(key, at(now), load, |failure| *failure == "outage").await;
        answer.map(|(value, origin)| (value.0, origin))
    }

    #[tokio::test]
    async fn a_value_is_kept_while_it_is_fresh() {
        let cache = TestCache::new(2);
        assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, Origin::Loaded)));
        assert_eq!(ask(&cache, 1, 9, Some("refused")).await, Ok((0, Origin::Cache)));
        assert_eq!(ask(&cache, 1, 10, None).await, Ok((10, Origin::Loaded)));
    }

    #[tokio::test]
    async fn an_old_value_answers_in_an_outage_and_for_no_other_failure() {
        let cache = TestCache::new(2);
        assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, Origin::Loaded)));
        assert_eq!(ask(&cache, 1, 15, Some("outage")).await, Ok((0, Origin::Fallback)));
        assert_eq!(ask(&cache, 1, 15, Some("refused")).await, Err("refused"));
        assert_eq!(ask(&cache, 1, 20, Some("outage")).await, Err("outage"));
    }

    #[tokio::test]
    async fn failures_are_not_kept() {
        let cache = TestCache::new(2);
        assert_eq!(ask(&cache, 1, 0, Some("outage")).await, Err("outage"));
        assert!(cache.lock().slots.is_empty());
        assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, Origin::Loaded)));
    }

    #[tokio::test]
    async fn a_pause_spares_an_upstream_in_trouble() {
        let cache = TestCache::new(2).pausing(Duration::from_secs(3));
        assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, Origin::Loaded)));
        assert_eq!(ask(&cache, 1, 12, Some("outage")).await, Ok((0, Origin::Fallback)));
        assert_eq!(ask(&cache, 1, 14, None).await, Ok((0, Origin::Cache)), "nobody is asked");
        assert_eq!(ask(&cache, 1, 15, None).await, Ok((15, Origin::Loaded)));
    }

    #[tokio::test]
    async fn the_least_used_makes_room() {
        let cache = TestCache::new(2);
        for key in [1, 2, 1, 3] {
            assert!(ask(&cache, key, 0, None).await.is_ok());
        }
        let mut kept: Vec<_> = cache.lock().slots.keys().copied().collect();
        kept.sort_unstable();
        assert_eq!(kept, [1, 3]);
    }

    #[test]
    fn what_is_put_in_makes_room_too_and_a_look_is_a_use() {
        let cache = TestCache::new(2);
        cache.put(&1, Value(0), at(0));
        cache.put(&2, Value(0), at(0));
        assert_eq!(cache.fresh(&1, at(0)), Some(Value(0)));
        cache.put(&3, Value(0), at(0));
        let kept = [1, 2, 3].map(|key| cache.fresh(&key, at(0)).is_some());
        assert_eq!(kept, [true, false, true]);
    }

    #[tokio::test]
    async fn many_waiters_share_one_load_and_one_who_gives_up_harms_nobody() {
        let cache = Arc::new(TestCache::new(2));
        let loads = Arc::new(AtomicUsize::new(0));
        let (release, released) = tokio::sync::watch::channel(false);
        let ask = || {
            let (cache, loads, mut released) = (Arc::clone(&cache), Arc::clone(&loads), released.clone());
            tokio::spawn(async move {
                let load = || {
                    loads.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, &str>(async move {
                        let _ = released.wait_for(|released| *released).await;
                        Ok(Value(0))
                    })
                };
                cache.get(1, at(0), load, |_| false).await
            })
        };
        let first = ask();
        let others: Vec<_> = (0..20).map(|_| ask()).collect();
        tokio::task::yield_now().await;
        first.abort();
        let _ = release.send(true);
        for other in others {
            assert_eq!(other.await.unwrap().map(|(value, _)| value), Ok(Value(0)));
        }
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_load_that_may_not_begin_leaves_nothing_behind() {
        let cache = TestCache::new(2);
        let refuse = || Err::<std::future::Ready<Result<Value, &str>>, _>("over budget");
        assert_eq!(cache.get(1, at(0), refuse, |_| true).await, Err("over budget"));
        assert!(cache.lock().slots.is_empty());
    }
}
