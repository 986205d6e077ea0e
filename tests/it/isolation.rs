//! Tenant isolation: for any catalog, caller and request, a token allows only what the caller's grants allow, and a request
//! that they allow succeeds.
//!
//! Events go in as gateway events. The oracle (`fuzz::oracle`) reads the catalog,
//! the event and the body of `GenerateToken` as JSON.

use std::collections::BTreeSet;

use acceptance::checked_environment::CheckedEnvironment;
use acceptance::generated::{self, AnyBinding, AnyCaller, guid, powerbi_of};
use fuzz::events::{self, Kind};
use fuzz::gateway::block_on;
use fuzz::oracle::{Oracle, RequestEvent, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, max_shrink_iters: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_token_allows_what_the_grants_allow_and_no_more(
        catalog in generated::any_catalog(), caller in generated::any_caller(), of_config in any::<bool>(),
        bindings in proptest::collection::vec(generated::any_binding(), 1..5),
        minutes in proptest::option::weighted(0.2, 1..120_u16),
    ) {
        let powerbi = powerbi_of(&catalog);
        let body = generated::body(&catalog, &powerbi, &caller, &bindings, minutes);
        let function = if of_config { "config" } else { "token" };
        let found = block_on(async {
            let environment = CheckedEnvironment::open(&catalog, powerbi).await;
            environment.ask_and_split(function, &caller, &body).await
        });
        let AnyCaller { kind, claims } = &caller;
        prop_assert!(found.is_empty(), "{found:#?}\ncatalog: {catalog:#}\n{kind:?}: {claims}\n{function}: {body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, max_shrink_iters: 300, ..ProptestConfig::default() })]

    /// Two callers send the same requests to environments that share only the store.
    #[test]
    fn with_a_token_store_a_token_allows_what_the_grants_say(
        catalog in generated::any_catalog(), callers in proptest::collection::vec(generated::any_caller(), 2),
        of_config in any::<bool>(), bindings in proptest::collection::vec(generated::any_binding(), 1..4),
    ) {
        let powerbi = powerbi_of(&catalog);
        let body = generated::body(&catalog, &powerbi, &callers[0], &bindings, None);
        let function = if of_config { "config" } else { "token" };
        let mut found = Vec::new();
        block_on(async {
            let mut checked = CheckedEnvironment::open_sharing(&catalog, powerbi).await;
            for caller in callers.iter().chain(&callers) {
                found.extend(checked.ask_and_split(function, caller, &body).await);
                checked.environment.restart();
            }
        });
        prop_assert!(found.is_empty(), "{found:#?}\ncatalog: {catalog:#}\n{callers:?}\n{function}: {body}");
    }
}

/// The property above would also hold if the store were never read.
#[test]
fn a_second_environment_takes_a_token_from_the_store_of_the_isolation_test() {
    let grants = json!([{ "reports": ["r"], "datasets": ["d0"] }]);
    let catalog = catalog_with(grants);
    block_on(async {
        let mut checked = CheckedEnvironment::open_sharing(&catalog, powerbi_of(&catalog)).await;
        let body = json!({ "bindings": [{ "report": "r", "dataset": "d0" }] });
        // If the store is slow once, as on a busy machine, it is not used for a while.
        for _ in 0..20 {
            let before = checked.environment.count_of_issued();
            let (_, found) = checked.ask("token", &of_list(json!([])), &body).await;
            assert!(found.is_empty(), "{found:#?}");
            if before > 0 && checked.environment.count_of_issued() == before {
                return;
            }
            checked.environment.restart();
        }
        panic!("no token comes from the store");
    });
}

/// The property above would also hold if every request were refused.
#[test]
fn the_random_requests_reach_every_answer() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let case =
        (generated::any_catalog(), generated::any_caller(), proptest::collection::vec(generated::any_binding(), 1..5));
    let mut permitted = BTreeSet::new();
    let mut successes = 0;
    for _ in 0..300 {
        let (catalog, caller, bindings): (Value, AnyCaller, Vec<AnyBinding>) =
            case.new_tree(&mut runner).unwrap().current();
        let powerbi = powerbi_of(&catalog);
        let body = generated::body(&catalog, &powerbi, &caller, &bindings, None);
        let (contents, own_datasets) = (powerbi.contents, powerbi.own_datasets);
        let oracle = Oracle { catalog, possible: contents.clone(), certain: contents, own_datasets };
        let event = events::post(caller.kind, "token", &caller.claims, &body);
        let verdict = Verdict::on(&oracle, &RequestEvent::new(&event));
        successes += usize::from(verdict.must_succeed());
        permitted.extend(verdict.permitted);
    }
    assert!(successes >= 50, "{successes} of 300 requests have to be answered");
    let wanted = ["bindings-conflict", "claim-missing", "dataset-required", "not-entitled", "ok"];
    assert!(wanted.iter().all(|code| permitted.contains(code)), "{permitted:?}");
}

fn entry(number: usize) -> Value {
    json!({ "name": "D", "workspaceId": guid(1, 7), "datasetId": guid(3, number) })
}

/// Two keys of one report, one more report, and datasets; `d2` and `d3` are one dataset under two identities.
fn catalog_with(grants: Value) -> Value {
    let report = |id: usize| json!({ "name": "R", "workspaceId": guid(1, 7), "reportId": guid(2, id) });
    let mut by_email = entry(2);
    by_email["identity"] = json!({ "username": "{email}" });
    let mut as_boss = entry(2);
    as_boss["identity"] = json!({ "username": "boss" });
    json!({
        "reports": { "r": report(0), "same": report(0), "other": report(1) },
        "datasets": { "d0": entry(0), "d1": entry(1), "d2": by_email, "d3": as_boss },
        "tenants": { "t0": { "grants": grants } },
    })
}

fn of_list(groups: Value) -> AnyCaller {
    AnyCaller {
        kind: Kind::HttpLambda,
        claims: json!({ "sub": "s", "tenant": "t0", "email": "a@x", "groups": groups }),
    }
}

/// Requests these bindings. The error is an answer with another code, or a violation that the oracle finds.
async fn answered(grants: &Value, caller: &AnyCaller, bindings: &Value, code: &str) -> Result<(), String> {
    let catalog = catalog_with(grants.clone());
    let environment = CheckedEnvironment::open(&catalog, powerbi_of(&catalog)).await;
    let body = json!({ "bindings": bindings });
    let (answer, found) = environment.ask("token", caller, &body).await;
    if answer.code() == code && found.is_empty() {
        return Ok(());
    }
    let issued: Vec<_> =
        environment.environment.all_issued().into_iter().map(|issued| issued.body.to_string()).collect();
    let AnyCaller { kind, claims } = caller;
    let asked = format!("{kind:?} {claims} asks for {bindings} with {grants}");
    Err(format!("{asked}\nanswered {}, not {code}\n{found:#?}\nGenerateToken: {issued:#?}", answer.code()))
}

/// Requests these bindings and expects this code. The oracle must agree.
async fn expect(grants: Value, caller: &AnyCaller, bindings: Value, code: &str) {
    let outcome = answered(&grants, caller, &bindings, code).await;
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
}

/// Fails with all wrong rows of a table.
fn assert_all(outcomes: Vec<Result<(), String>>) {
    let wrong: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test]
async fn a_view_grant_does_not_become_an_edit_grant_in_a_shared_token() {
    let grants = json!([
        { "reports": ["r"], "datasets": ["d0"], "modes": ["edit"], "saveTo": guid(1, 0) },
        { "reports": ["r", "same", "other"], "datasets": ["d1"], "modes": ["view"] },
    ]);
    let edit = json!({ "report": "r", "dataset": "d0", "mode": "edit" });
    for report in ["r", "same", "other"] {
        let view = json!({ "report": report, "dataset": "d1" });
        expect(grants.clone(), &of_list(json!([])), json!([edit, view]), "bindings-conflict").await;
    }
}

#[tokio::test]
async fn a_create_grant_does_not_reach_the_other_datasets_of_a_shared_token() {
    let grants = json!([
        { "reports": ["r"], "datasets": ["d0"] },
        { "reports": ["r"], "datasets": ["d1"], "modes": ["create"], "saveTo": guid(1, 0) },
    ]);
    let bindings = json!([{ "report": "r", "dataset": "d0" }, { "dataset": "d1", "mode": "create" }]);
    expect(grants, &of_list(json!([])), bindings, "bindings-conflict").await;
}

/// Targets apply to the whole token: a report with the target of one grant could be saved to the target of the other.
#[tokio::test]
async fn save_targets_do_not_leak_between_editable_reports() {
    let grants = json!([
        { "reports": ["r"], "datasets": ["d0"], "modes": ["edit"], "saveTo": guid(1, 0) },
        { "reports": ["other"], "datasets": ["d0"], "modes": ["edit"], "saveTo": guid(1, 1) },
    ]);
    let edit = |report: &str| json!({ "report": report, "dataset": "d0", "mode": "edit" });
    expect(grants, &of_list(json!([])), json!([edit("r"), edit("other")]), "bindings-conflict").await;
}

#[tokio::test]
async fn a_dataset_has_one_identity_in_a_token() {
    let grants = json!([{ "reports": ["r"], "datasets": ["d2", "d3"] }]);
    let bindings = json!([{ "report": "r", "dataset": "d2" }, { "report": "r", "dataset": "d3" }]);
    expect(grants, &of_list(json!([])), bindings, "bindings-conflict").await;
}

#[tokio::test]
async fn bindings_that_may_share_a_token_share_it() {
    let grants = json!([
        { "reports": ["r", "other"], "datasets": ["d0", "d1", "d2"], "modes": ["view", "edit"], "saveTo": guid(1, 0) },
        { "reports": ["r"], "datasets": ["d0"], "modes": ["create"], "saveTo": guid(1, 0) },
    ]);
    let bindings = json!([
        { "report": "r", "dataset": "d0", "mode": "edit" }, { "report": "other", "dataset": "d1" },
        { "report": "r", "dataset": "d2" }, { "report": "r", "dataset": "d0", "mode": "create" },
    ]);
    expect(grants, &of_list(json!([])), bindings, "ok").await;
}

/// Two workspaces are granted, and only one of the grants permits saving.
#[tokio::test]
async fn the_save_target_is_that_of_the_grant_that_opens_the_dataset() {
    let grants = json!([
        { "reports": ["r"], "workspaces": [guid(1, 0)], "modes": ["edit", "create"] },
        { "reports": ["r"], "workspaces": [guid(1, 1)], "modes": ["edit", "create"], "saveTo": guid(1, 1) },
    ]);
    for mode in ["edit", "create"] {
        for dataset in [guid(9, 0), guid(9, 1)] {
            let bindings = json!([{ "report": "r", "dataset": dataset, "mode": mode }]);
            expect(grants.clone(), &of_list(json!([])), bindings, "ok").await;
        }
    }
}

#[tokio::test]
async fn groups_are_read_exactly() {
    let grants = json!([{ "reports": ["r"], "datasets": ["d0"], "groups": ["analysts"] }]);
    let rows = [
        (Kind::HttpLambda, json!(["x analysts y", null]), false),
        (Kind::HttpLambda, json!(["x analysts"]), false),
        (Kind::HttpLambda, json!([7, ["analysts"], { "analysts": "analysts" }]), false),
        (Kind::HttpLambda, json!("[hr, x analysts]"), false),
        (Kind::RestLambda, json!("[hr, x analysts]"), false),
        (Kind::Rest, json!("[hr, x analysts]"), false),
        (Kind::Rest, json!("[x analysts]"), false),
        (Kind::HttpJwt, json!(["x analysts"]), false),
        (Kind::HttpJwtFormat1, json!(["x analysts"]), false),
        (Kind::HttpJwtForged, json!(["hr"]), false),
        (Kind::HttpJwtForgedGroups, json!(["hr"]), false),
        (Kind::HttpJwt, json!(["hr", "analysts"]), true),
        (Kind::HttpJwtFormat1, json!(["hr", "analysts"]), true),
        (Kind::HttpJwtWithoutToken, json!(["hr", "analysts"]), true),
        (Kind::HttpLambda, json!(["hr", null, "analysts"]), true),
        (Kind::Rest, json!("analysts"), true),
    ];
    let mut outcomes = Vec::new();
    for (kind, groups, is_analyst) in rows {
        let caller = AnyCaller { kind, ..of_list(groups) };
        let code = if is_analyst { "ok" } else { "not-entitled" };
        outcomes.push(answered(&grants, &caller, &json!([{ "report": "r", "dataset": "d0" }]), code).await);
    }
    assert_all(outcomes);
}

#[tokio::test]
async fn a_list_or_an_object_is_no_identity_and_no_tenant() {
    let grants = json!([{ "reports": ["r"], "datasets": ["d2"] }]);
    let bindings = json!([{ "report": "r", "dataset": "d2" }]);
    let mut outcomes = Vec::new();
    for kind in [Kind::HttpLambda, Kind::HttpJwt, Kind::HttpJwtFormat1, Kind::Rest] {
        for (claim, value, code) in [
            ("email", json!(["a@x", "b@x"]), "claim-missing"),
            ("email", json!(["a@x"]), "claim-missing"),
            ("tenant", json!(["t0"]), "not-entitled"),
        ] {
            let mut caller = AnyCaller { kind, ..of_list(json!([])) };
            caller.claims[claim] = value;
            outcomes.push(answered(&grants, &caller, &bindings, code).await);
        }
    }
    assert_all(outcomes);
}
