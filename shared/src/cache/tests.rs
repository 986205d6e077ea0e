use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Fresh for 10 s after 0, usable for 20 s.
#[derive(Clone, Debug, PartialEq)]
struct Value(u64);

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

impl Expiring for Value {
    fn is_fresh(&self, now: SystemTime) -> bool {
        now < at(self.0 + 10)
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        now < at(self.0 + 20)
    }
}

type TestCache = Cache<u64, Value, &'static str>;

impl LoadError for &'static str {
    fn is_its_callers_alone(&self) -> bool {
        *self == "no time"
    }
}

/// Requests a value at `now`. A load returns a value of that time, or fails with `failure`.
async fn ask(
    cache: &TestCache,
    key: u64,
    now: u64,
    failure: Option<&'static str>,
) -> Result<(u64, CacheStatus), &'static str> {
    let load = || Ok::<_, &str>(async move { failure.map_or(Ok(Value(now)), Err) });
    let answer = cache.get(key, at(now), load, |failure| *failure == "outage").await;
    answer.map(|cached| (cached.status(), cached.into_value())).map(|(status, value)| (value.0, status))
}

#[tokio::test]
async fn a_value_is_kept_while_it_is_fresh() {
    let cache = TestCache::new(2);
    assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, CacheStatus::Miss)));
    assert_eq!(ask(&cache, 1, 9, Some("refused")).await, Ok((0, CacheStatus::Hit)));
    assert_eq!(ask(&cache, 1, 10, None).await, Ok((10, CacheStatus::Miss)));
}

#[tokio::test]
async fn an_old_value_answers_in_an_outage_and_for_no_other_failure() {
    let cache = TestCache::new(2);
    assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, CacheStatus::Miss)));
    assert_eq!(ask(&cache, 1, 15, Some("outage")).await, Ok((0, CacheStatus::Stale)));
    assert_eq!(ask(&cache, 1, 15, Some("refused")).await, Err("refused"));
    assert_eq!(ask(&cache, 1, 20, Some("outage")).await, Err("outage"));
}

#[tokio::test]
async fn failures_are_not_cached() {
    let cache = TestCache::new(2);
    assert_eq!(ask(&cache, 1, 0, Some("outage")).await, Err("outage"));
    assert_eq!(cache.lock().keys().count(), 0);
    assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, CacheStatus::Miss)));
}

#[tokio::test]
async fn no_load_begins_in_the_pause_after_a_failure() {
    let cache = TestCache::new(2).pausing(Duration::from_secs(3));
    assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, CacheStatus::Miss)));
    assert_eq!(ask(&cache, 1, 12, Some("outage")).await, Ok((0, CacheStatus::Stale)));
    assert_eq!(ask(&cache, 1, 14, None).await, Ok((0, CacheStatus::Hit)), "no load begins");
    assert_eq!(ask(&cache, 1, 15, None).await, Ok((15, CacheStatus::Miss)));
}

#[tokio::test]
async fn the_least_recently_used_key_is_removed() {
    let cache = TestCache::new(2);
    for key in [1, 2, 1, 3] {
        assert!(ask(&cache, key, 0, None).await.is_ok());
    }
    let mut kept: Vec<_> = cache.lock().keys().copied().collect();
    kept.sort_unstable();
    assert_eq!(kept, [1, 3]);
}

#[test]
fn putting_a_value_removes_a_key_too_and_a_look_up_counts_as_a_use() {
    let cache = TestCache::new(2);
    cache.put(&1, Value(0), at(0));
    cache.put(&2, Value(0), at(0));
    assert_eq!(cache.fresh(&1, at(0)), Some(Value(0)));
    cache.put(&3, Value(0), at(0));
    let kept = [1, 2, 3].map(|key| cache.fresh(&key, at(0)).is_some());
    assert_eq!(kept, [true, false, true]);
}

#[tokio::test]
async fn many_callers_share_one_load_and_it_continues_if_one_of_them_gives_up() {
    let cache = Arc::new(TestCache::new(2));
    let loads = Arc::new(AtomicUsize::new(0));
    let (release, released) = tokio::sync::watch::channel(false);
    let ask = || {
        let (cache, loads, released) = (Arc::clone(&cache), Arc::clone(&loads), released.clone());
        tokio::spawn(async move {
            let load = || {
                loads.fetch_add(1, Ordering::Relaxed);
                let mut released = released.clone();
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
        assert_eq!(other.await.unwrap().map(Cached::into_value), Ok(Value(0)));
    }
    assert_eq!(loads.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_request_that_times_out_fails_no_other_request() {
    let cache = TestCache::new(2);
    let ask = async |result: Result<Value, &'static str>| {
        let load = || {
            let result = result.clone();
            Ok::<_, &str>(async move {
                tokio::task::yield_now().await;
                result
            })
        };
        cache.get(1, at(0), load, |_| false).await
    };
    let (hurried, second, third) = futures_util::join!(ask(Err("no time")), ask(Ok(Value(0))), ask(Err("not asked")));
    assert_eq!(hurried, Err("no time"));
    assert_eq!(second, Ok(Cached::Miss(Value(0))));
    assert_eq!(third, Ok(Cached::Miss(Value(0))), "loaded by the second");
}

#[tokio::test]
async fn a_load_that_may_not_begin_leaves_nothing_behind() {
    let cache = TestCache::new(2);
    let refuse = || Err::<std::future::Ready<Result<Value, &str>>, _>("over budget");
    assert_eq!(cache.get(1, at(0), refuse, |_| true).await, Err("over budget"));
    assert_eq!(cache.lock().keys().count(), 0);
}

#[tokio::test]
async fn a_failure_that_the_owner_chooses_is_remembered_for_a_while() {
    let cache = TestCache::new(2).keeping_failures(Duration::from_secs(30), |failure| *failure == "refused");
    assert_eq!(ask(&cache, 1, 0, Some("refused")).await, Err("refused"));
    assert_eq!(ask(&cache, 1, 29, None).await, Err("refused"), "no load begins");
    assert_eq!(ask(&cache, 1, 30, None).await, Ok((30, CacheStatus::Miss)));
    assert_eq!(ask(&cache, 2, 0, Some("outage")).await, Err("outage"));
    assert_eq!(ask(&cache, 2, 1, None).await, Ok((1, CacheStatus::Miss)));
}

#[tokio::test]
async fn an_old_value_answers_after_a_remembered_failure_as_after_a_new_one() {
    let cache = TestCache::new(2).keeping_failures(Duration::from_secs(30), |_| true);
    assert_eq!(ask(&cache, 1, 0, None).await, Ok((0, CacheStatus::Miss)));
    assert_eq!(ask(&cache, 1, 12, Some("outage")).await, Ok((0, CacheStatus::Stale)));
    assert_eq!(ask(&cache, 1, 19, None).await, Ok((0, CacheStatus::Stale)), "no load begins");
    assert_eq!(ask(&cache, 1, 42, None).await, Ok((42, CacheStatus::Miss)));
}
