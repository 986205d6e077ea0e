//! An environment over time: the clock moves, upstreams fail, datasets change their workspaces. Every returned token allows
//! only what the caller's grants allow at that time.
//!
//! A counterexample is a scenario in JSON (`acceptance::scenario`), which can be replayed.

use acceptance::generated::guid;
use acceptance::scenario::{Environments, Tally, run_scenario, run_scenario_in};
use acceptance::scenario::{Scenario, any_scenario};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 600, ..ProptestConfig::default() })]

    #[test]
    fn every_token_is_within_the_grants_of_its_time(scenario in any_scenario()) {
        if let Err(counterexample) = run_scenario(&scenario) {
            prop_assert!(false, "{counterexample}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn with_a_token_store_every_token_is_within_the_grants_of_its_moment(scenario in any_scenario()) {
        if let Err(counterexample) = run_scenario_in(Environments::Sharing, &scenario) {
            prop_assert!(false, "{counterexample}");
        }
    }
}

/// The property above would also hold for scenarios in which nothing happens.
#[test]
fn the_scenarios_reach_caches_faults_and_other_callers() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut all = Tally::default();
    for _ in 0..60 {
        let scenario = any_scenario().new_tree(&mut runner).unwrap().current();
        // The property checks the answers.
        if let Ok(tally) = run_scenario(&scenario) {
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

/// A scenario with a caller of one tenant, whose grant covers the whole first workspace.
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

/// The list that contained the dataset is too old to be used, even if no new one can be read.
#[test]
fn a_moved_dataset_gets_no_token_while_power_bi_fails() {
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
        if let Err(counterexample) = run_scenario(&scenario) {
            panic!("{counterexample}");
        }
    }
}

/// While the list is still used, a moved dataset may get a token: the list allows the first token, and the second comes from
/// the cache.
#[test]
fn a_cached_token_is_given_only_to_entitled_callers() {
    let scenario = of_workspace(json!([
        ask(0, &guid(9, 0)),
        ask(1, "d0"),
        { "advance": 60 },
        ask(0, &guid(9, 0)),
        ask(1, &guid(9, 0)),
        ask(1, "d0"),
        ask(0, "d0"),
    ]));
    let tally = run_scenario(&scenario).unwrap_or_else(|counterexample| panic!("{counterexample}"));
    assert_eq!((tally.fresh, tally.cached, tally.shared), (2, 3, 1), "{tally:?}");
    assert!(tally.codes.contains("not-entitled"), "{tally:?}");
}
