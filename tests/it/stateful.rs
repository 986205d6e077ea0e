//! An environment over time: caches are on, the clock moves, upstreams fail,
//! datasets change their workspaces. Every token that is ever handed out allows
//! what the grants of the caller in hand allow at that moment, and no more.
//!
//! A counterexample is a scenario in JSON (`acceptance::scenario`) and can be
//! replayed as it is.

use acceptance::generated::guid;
use acceptance::play::{Environments, Tally, play, play_in};
use acceptance::scenario::{Scenario, any_scenario};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_token_ever_handed_out_is_within_the_grants_of_its_moment(scenario in any_scenario()) {
        if let Err(counterexample) = play(&scenario) {
            prop_assert!(false, "{counterexample}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn with_a_token_store_every_token_is_within_the_grants_of_its_moment(scenario in any_scenario()) {
        if let Err(counterexample) = play_in(Environments::Sharing, &scenario) {
            prop_assert!(false, "{counterexample}");
        }
    }
}

/// The property above would hold of scenarios in which nothing happens.
#[test]
fn the_scenarios_reach_caches_faults_and_other_callers() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut all = Tally::default();
    for _ in 0..60 {
        let scenario = any_scenario().new_tree(&mut runner).unwrap().current();
        // Whether the answers are right is the property's to say.
        if let Ok(tally) = play(&scenario) {
            all.fresh += tally.fresh;
            all.cached += tally.cached;
            all.shared += tally.shared;
            all.survived += tally.survived;
            all.failed += tally.failed;
            all.codes.extend(tally.codes);
        }
    }
    let counts = [all.fresh, all.cached, all.shared, all.survived, all.failed];
    assert!(counts.into_iter().all(|count| count >= 2), "{all:?}");
    assert!(["ok", "not-entitled", "claim-missing"].iter().all(|code| all.codes.contains(*code)), "{all:?}");
}

/// A caller of one tenant, whose grant opens the first workspace as a whole.
fn of_workspace(steps: Value) -> Scenario {
    let caller = |groups: Value| json!({ "authorizer": "HttpLambda", "claims": { "sub": "s", "tenant": "t0", "groups": groups } });
    Scenario(json!({
        "catalog": {
            "reports": { "r0": { "name": "R", "workspaceId": guid(1, 7), "reportId": guid(2, 0) } },
            "datasets": { "d0": { "name": "D", "workspaceId": guid(1, 7), "datasetId": guid(3, 0) } },
            "tenants": { "t0": { "grants": [
                { "reports": ["r0"], "workspaces": [guid(1, 0)] },
                { "reports": ["r0"], "datasets": ["d0"], "groups": ["g0"] },
            ] } },
        },
        "callers": [caller(json!([])), caller(json!(["g0"]))],
        "steps": steps,
    }))
}

fn ask(caller: usize, dataset: &str) -> Value {
    let body = json!({ "bindings": [{ "report": "r0", "dataset": dataset }] });
    json!({ "ask": { "caller": caller, "function": "token", "body": body } })
}

/// The list that opened the dataset is too old to be trusted, whatever keeps a new one from coming.
#[test]
fn a_dataset_that_has_left_gets_no_token_while_power_bi_fails() {
    for how in [
        json!({ "status": 429, "retryAfter": 3600 }),
        json!({ "status": 503 }),
        json!({ "status": 401 }),
        json!({ "status": 403 }),
        json!("hang"),
        json!("close"),
    ] {
        let scenario = of_workspace(json!([
            ask(0, &guid(9, 0)),
            { "move": { "dataset": guid(9, 0), "to": null } },
            { "advance": 601 },
            { "fail": { "route": "GET /powerbi", "how": how, "times": 9 } },
            ask(0, &guid(9, 0)),
        ]));
        if let Err(counterexample) = play(&scenario) {
            panic!("{counterexample}");
        }
    }
}

/// Before that, it may get one: the first token comes out of the list, the second out of the cache.
#[test]
fn a_token_is_cached_for_whom_it_may_be_and_for_nobody_else() {
    let scenario = of_workspace(json!([
        ask(0, &guid(9, 0)),
        ask(1, "d0"),
        { "advance": 60 },
        ask(0, &guid(9, 0)),
        ask(1, &guid(9, 0)),
        ask(1, "d0"),
        ask(0, "d0"),
    ]));
    let tally = play(&scenario).unwrap_or_else(|counterexample| panic!("{counterexample}"));
    assert_eq!((tally.fresh, tally.cached, tally.shared), (2, 3, 1), "{tally:?}");
    assert!(tally.codes.contains("not-entitled"), "{tally:?}");
}
