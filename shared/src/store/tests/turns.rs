//! Which environment makes a token, which one takes a stored token, and which items are ignored.

use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn a_second_environment_takes_what_the_first_has_made() {
    let bench = Bench::new();
    bench.share("1", 60 * MINUTE).await;
    let Turn::Take(token) = bench.turn(&bench.environment(), None).await else { panic!("it is there") };
    assert_eq!((token.value.expose_secret(), token.id.as_str()), ("token-1", "1"));
    assert_eq!(token.expiry, bench.token("1", 60 * MINUTE).expiry);
    assert_eq!((bench.table.reads.load(Ordering::Relaxed), bench.table.writes.load(Ordering::Relaxed)), (2, 2));
    bench.clock.advance(46 * MINUTE);
    let turn = bench.turn(&bench.environment(), None).await;
    let Turn::Make { claim: Some(_), old: Some(old) } = turn else { panic!("it is too old: {turn:?}") };
    assert_eq!(old.id, "1");
}

#[tokio::test(start_paused = true)]
async fn of_fifty_environments_one_makes_a_token() {
    let bench = Arc::new(Bench::new());
    let made = Arc::new(AtomicUsize::new(0));
    let environment = |number: usize| {
        let (bench, made) = (Arc::clone(&bench), Arc::clone(&made));
        tokio::spawn(async move {
            let store = bench.environment();
            let context = context();
            match store.token(&context, &bench.request, None, margin).await {
                Turn::Take(token) => token.id,
                Turn::Make { .. } => {
                    made.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(900)).await;
                    let token = bench.token(&number.to_string(), 60 * MINUTE);
                    store.keep_token(&context, &bench.request, &token);
                    store.settle(&context).await;
                    token.id
                }
            }
        })
    };
    let ids = futures_util::future::join_all((0..50).map(environment)).await;
    let first = ids[0].as_ref().unwrap().clone();
    assert!(ids.iter().all(|id| *id.as_ref().unwrap() == first));
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn while_one_makes_a_token_the_others_hand_out_the_old_one_at_once() {
    let bench = Bench::new();
    bench.share("1", 60 * MINUTE).await;
    bench.clock.advance(50 * MINUTE);
    let winner = bench.environment();
    let Turn::Make { claim: Some(_), .. } = bench.turn(&winner, None).await else { panic!("nobody has claimed it") };
    let started = Instant::now();
    for in_memory in [None, Some(bench.token("older", 2 * MINUTE)), Some(bench.token("newer", 12 * MINUTE))] {
        let expected = in_memory.as_ref().filter(|token| token.id == "newer").map_or("1", |_| "newer");
        let Turn::Take(token) = bench.turn(&bench.environment(), in_memory).await else { panic!("it is claimed") };
        assert_eq!(token.id, expected);
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
    let context = context();
    winner.keep_token(&context, &bench.request, &bench.token("2", 60 * MINUTE));
    winner.settle(&context).await;
    let Turn::Take(token) = bench.turn(&bench.environment(), None).await else { panic!("it is there") };
    assert_eq!(token.id, "2");
}

#[tokio::test(start_paused = true)]
async fn an_environment_without_a_token_waits_and_then_makes_one() {
    let bench = Bench::new();
    let Turn::Make { claim: Some(_), .. } = bench.turn(&bench.environment(), None).await else { panic!("empty") };
    let started = Instant::now();
    let turn = bench.turn(&bench.environment(), None).await;
    assert!(matches!(turn, Turn::Make { claim: None, old: None }), "{turn:?}");
    let waited = started.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_millis(3100)).contains(&waited), "{waited:?}");
    // The claim of an environment that has died ends.
    bench.clock.advance(Duration::from_secs(11));
    let turn = bench.turn(&bench.environment(), None).await;
    assert!(matches!(turn, Turn::Make { claim: Some(_), .. }), "{turn:?}");
}

#[tokio::test(start_paused = true)]
async fn a_winner_that_fails_lets_the_next_try_at_once_and_keeps_the_old_token() {
    for life in [None, Some(60 * MINUTE)] {
        let bench = Bench::new();
        if let Some(life) = life {
            bench.share("1", life).await;
            bench.clock.advance(50 * MINUTE);
        }
        let store = bench.environment();
        let Turn::Make { claim, .. } = bench.turn(&store, None).await else { panic!("nothing fresh") };
        let context = context();
        store.give_up(&context, &bench.request, claim);
        store.settle(&context).await;
        let turn = bench.turn(&bench.environment(), None).await;
        let Turn::Make { claim: Some(_), old } = turn else { panic!("{turn:?}") };
        assert_eq!(old.map(|old| old.id), life.map(|_| "1".to_owned()));
    }
}

/// A table that is slow or fails: a request waits at most 50 ms for a read or a write, and the table is then not called
/// for a while.
#[tokio::test(start_paused = true)]
async fn a_request_continues_without_a_useless_table() {
    let slow = Trouble::Slow(Duration::from_millis(60));
    for (read, write, reads, writes) in [
        (Some(slow), None, 1, 2),
        (Some(Trouble::Fails), None, 1, 2),
        (None, Some(slow), 2, 1),
        (None, Some(Trouble::Fails), 2, 1),
        (Some(slow), Some(slow), 1, 1),
        (Some(Trouble::Fails), Some(Trouble::Fails), 1, 1),
    ] {
        let bench = Bench::new();
        *bench.table.behaviour.lock().unwrap() = Behaviour { read, write };
        let store = bench.environment();
        for _ in 0..2 {
            let (started, context) = (Instant::now(), context());
            let turn = store.token(&context, &bench.request, None, margin).await;
            let Turn::Make { .. } = turn else { panic!("{read:?} {write:?}: {turn:?}") };
            store.keep_token(&context, &bench.request, &bench.token("1", MINUTE));
            store.settle(&context).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let delayed = started.elapsed();
            assert!(delayed <= Duration::from_millis(120), "{read:?} {write:?}: {delayed:?}");
        }
        let counts = (bench.table.reads.load(Ordering::Relaxed), bench.table.writes.load(Ordering::Relaxed));
        assert_eq!(counts, (reads, writes), "{read:?} {write:?}");
        // After the pause, the table is called again.
        *bench.table.behaviour.lock().unwrap() = Behaviour::default();
        bench.clock.advance(breaker::PAUSE);
        let before = bench.table.reads.load(Ordering::Relaxed);
        let _ = bench.turn(&store, None).await;
        assert!(bench.table.reads.load(Ordering::Relaxed) > before, "{read:?} {write:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_writes_together_delay_an_answer_by_fifty_milliseconds() {
    let bench = Bench::new();
    bench.table.behaviour.lock().unwrap().write = Some(Trouble::Slow(Duration::from_millis(40)));
    let (store, context) = (bench.environment(), context());
    let started = Instant::now();
    let Turn::Make { claim, .. } = store.token(&context, &bench.request, None, margin).await else { panic!("empty") };
    assert!(claim.is_some());
    store.keep_token(&context, &bench.request, &bench.token("1", 60 * MINUTE));
    store.settle(&context).await;
    assert_eq!(started.elapsed(), Duration::from_millis(50));
    // The write continues.
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert!(bench.table.only().value.is_some());
}

type Spoil<'s> = &'s dyn Fn(&mut SharedItem);

/// Whatever is in the table, only a well-formed token of this subject is handed out; the rest is overwritten.
#[tokio::test(start_paused = true)]
async fn what_does_not_belong_to_its_key_or_is_malformed_is_not_handed_out() {
    let value = |change: &dyn Fn(&mut Value)| {
        let now = item::millis(Bench::new().clock.now());
        let mut value =
            json!({ "token": "t", "token_id": "i", "issued_ms": now - 1000, "expires_ms": now + 3_600_000 });
        change(&mut value);
        Some(Zeroizing::new(value.to_string()))
    };
    let garbage: [(&str, Spoil<'_>); 11] = [
        ("another subject", &|item| item.subject = item.subject.replace("contoso", "fabrikam")),
        ("no JSON", &|item| item.value = Some(Zeroizing::new("<html>".to_owned()))),
        ("an empty token", &|item| item.value = value(&|value| value["token"] = json!(""))),
        ("a token with a line break", &|item| item.value = value(&|value| value["token"] = json!("a\nb"))),
        ("an id with a blank", &|item| item.value = value(&|value| value["token_id"] = json!("a b"))),
        ("no id", &|item| item.value = value(&|value| drop(value.as_object_mut().unwrap().remove("token_id")))),
        ("issued tomorrow", &|item| {
            item.value = value(&|value| value["issued_ms"] = json!(value["expires_ms"].as_u64().unwrap() - 1));
        }),
        ("never expires", &|item| item.value = value(&|value| value["expires_ms"] = json!(u64::MAX))),
        ("expired before it was made", &|item| item.value = value(&|value| value["expires_ms"] = json!(1))),
        ("unknown fields", &|item| item.value = value(&|value| value["more"] = json!(1))),
        ("claimed for ever", &|item| item.claimed_until = Some(u64::MAX)),
    ];
    for (what, spoil) in garbage {
        let bench = Bench::new();
        bench.share("1", 60 * MINUTE).await;
        bench.table.set(spoil);
        let (store, context, started) = (bench.environment(), context(), Instant::now());
        let turn = store.token(&context, &bench.request, None, margin).await;
        assert!(matches!(turn, Turn::Make { claim: None, old: None }), "{what}: {turn:?}");
        assert_eq!(started.elapsed(), Duration::ZERO, "{what}");
        store.keep_token(&context, &bench.request, &bench.token("2", 60 * MINUTE));
        store.settle(&context).await;
        let turn = bench.turn(&bench.environment(), None).await;
        assert!(matches!(turn, Turn::Take(token) if token.id == "2"), "{what}");
    }
}

#[tokio::test]
async fn a_token_under_the_key_of_another_is_not_handed_out() {
    let bench = Bench::new();
    bench.share("1", 60 * MINUTE).await;
    let stolen = SharedSlot::Item(bench.table.only());
    let other = request("fabrikam", None);
    let key = Subject::of_token(&realm(&[]), &other).key().to_owned();
    bench.table.items.lock().unwrap().insert(key, stolen);
    let turn = bench.environment().token(&context(), &other, None, margin).await;
    assert!(matches!(turn, Turn::Make { old: None, .. }), "{turn:?}");
}

#[tokio::test]
async fn a_look_up_comes_back_with_the_time_at_which_it_was_read() {
    let bench = Bench::new();
    let item =
        Item { workspace: guid(1, 1).parse::<WorkspaceId>().unwrap(), id: guid(2, 1).parse::<ReportId>().unwrap() };
    let (store, context) = (bench.environment(), context());
    let read_at = bench.clock.now();
    store.keep_look_up(&context, LookUpKind::Report, ActorKey::Service, item, (&"value", read_at, 10 * MINUTE));
    store.settle(&context).await;
    assert_eq!(bench.table.only().expires_at, (item::millis(read_at) / 1000) + 600);
    bench.clock.advance(MINUTE);
    let found = bench.environment().look_up::<_, String>(&context, LookUpKind::Report, ActorKey::Service, item).await;
    let expected = StoredLookUp { value: "value".to_owned(), read_at, ttl: 10 * MINUTE };
    assert_eq!(found, Some(expected));
    let other = bench.environment().look_up::<_, u8>(&context, LookUpKind::Report, ActorKey::Service, item).await;
    assert_eq!(other, None, "a value of another shape");
    // The age of a value from the future is unknown, so the value is ignored.
    bench.table.set(|item| {
        let text = item.value.as_ref().unwrap().replace("17", "27");
        item.value = Some(Zeroizing::new(text));
    });
    let found = bench.environment().look_up::<_, String>(&context, LookUpKind::Report, ActorKey::Service, item).await;
    assert_eq!(found, None);
}

#[tokio::test]
async fn a_very_long_list_is_not_stored() {
    let bench = Bench::new();
    let item = Item { workspace: guid(1, 1).parse::<WorkspaceId>().unwrap(), id: () };
    let (store, context) = (bench.environment(), context());
    store.keep_look_up(
        &context,
        LookUpKind::DatasetList,
        ActorKey::Service,
        item,
        (&"x".repeat(300 * 1024), bench.clock.now(), MINUTE),
    );
    store.settle(&context).await;
    assert!(bench.table.items.lock().unwrap().is_empty());
}
