//! Tenant isolation, as a property: whatever the catalog and the request, a
//! token request never names a dataset, report or identity outside the caller's
//! grants.
//!
//! The oracle reads the catalog's JSON by itself and knows nothing of how
//! the product decides.

use std::sync::Arc;

use dynabind::catalog;
use dynabind::clock::SystemClock;
use dynabind::domain::{BindingRequest, Caller, Mode};
use dynabind::embedding::{BindingsRequest, Embedding};
use dynabind::request::Call;
use fuzz::oracle::allowed;
use fuzz::fixtures::{Recorder, settings};
use proptest::prelude::*;
use serde_json::{Value, json};

const TENANTS: [&str; 3] = ["t0", "t1", "t2"];
const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
const MODES: [&str; 3] = ["view", "edit", "create"];
const ITEMS: usize = 5;

/// A GUID from which kind and number can be read back.
fn guid(kind: u8, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

fn subset(of: &'static [&'static str], at_least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(of.to_vec(), at_least..=of.len())
}

fn keys(prefix: &'static str) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence((0..ITEMS).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>(), 0..=3)
}

prop_compose! {
    fn grant()(
        reports in keys("r"), datasets in keys("d"), modes in subset(&MODES, 1), groups in proptest::option::of(subset(&GROUPS, 1)),
        workspaces in proptest::collection::vec(0..3_usize, 0..=1), save in proptest::option::of(0..3_usize),
    ) -> Value {
        let mut grant = json!({ "reports": reports, "datasets": datasets, "modes": modes,
            "workspaces": workspaces.into_iter().map(|n| guid(1, n)).collect::<Vec<_>>() });
        if let Some(groups) = groups { grant["groups"] = json!(groups); }
        if let Some(save) = save { grant["saveTo"] = json!(guid(1, save)); }
        grant
    }
}

prop_compose! {
    fn catalog()(
        grants in proptest::collection::vec(proptest::collection::vec(grant(), 0..4), TENANTS.len()),
        identities in proptest::collection::vec(proptest::option::of("[a-z]{1,3}-\\{(email|sub)\\}"), ITEMS),
        also_needs in proptest::collection::vec(proptest::collection::vec(20..25_usize, 0..2), ITEMS),
    ) -> Value {
        let report = |n: usize| (format!("r{n}"), json!({ "name": "R", "workspaceId": guid(1, 7), "reportId": guid(2, n) }));
        let dataset = |n: usize| {
            let more: Vec<_> = also_needs[n].iter().map(|n| guid(3, *n)).collect();
            let mut dataset = json!({ "name": "D", "workspaceId": guid(1, 7), "datasetId": guid(3, n), "alsoNeeds": more });
            if let Some(username) = &identities[n] { dataset["identity"] = json!({ "username": username }); }
            (format!("d{n}"), dataset)
        };
        let tenants = TENANTS.iter().zip(grants).map(|(tenant, grants)| ((*tenant).to_owned(), json!({ "grants": grants })));
        json!({
            "reports": Value::Object((0..ITEMS).map(report).collect()),
            "datasets": Value::Object((0..ITEMS).map(dataset).collect()),
            "tenants": Value::Object(tenants.collect()),
        })
    }
}

prop_compose! {
    fn binding()(
        report in proptest::option::weighted(0.9, 0..ITEMS), mode in 0..3_usize,
        dataset in prop_oneof![3 => (0..ITEMS).prop_map(|n| Some(format!("d{n}"))), 1 => (0..3_usize).prop_map(|n| Some(guid(9, n))), 1 => Just(None)],
    ) -> BindingRequest {
        BindingRequest {
            report: report.map(|n| format!("r{n}").parse().unwrap()),
            dataset: dataset.map(|key| key.parse().unwrap()),
            mode: [Mode::View, Mode::Edit, Mode::Create][mode],
        }
    }
}

fn caller(tenant: &str, groups: &[&str], email: &str) -> Caller {
    let groups = format!("[{}]", groups.join(" "));
    let claims = [("sub", "the-subject"), ("tenant", tenant), ("groups", &groups), ("email", email)];
    Caller::from_verified_claims(claims.map(|(k, v)| (k.to_owned(), v.to_owned())).into(), "tenant", "groups").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_token_request_stays_inside_the_callers_grants(
        catalog in catalog(), tenant in proptest::sample::select(TENANTS.to_vec()), groups in subset(&GROUPS, 0),
        email in "[a-z]{1,5}", bindings in proptest::collection::vec(binding(), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let recorder = Arc::new(Recorder::default());
        let parsed = Arc::new(catalog::parse(&catalog.to_string()).unwrap());
        let embedding = Embedding::new(&settings(&[]), parsed, recorder.clone(), recorder.clone(), Arc::new(SystemClock));
        let request = BindingsRequest { bindings, lifetime_minutes: None };
        let caller = caller(tenant, &groups, &email);
        let _ = runtime.block_on(async { embedding.config(&Arc::new(Call::begin(None)), &caller, &request).await });

        let fill = |template: &str| template.replace("{email}", &email).replace("{sub}", "the-subject");
        let allowed = allowed(&catalog, tenant, Some(&groups), fill);
        for sent in recorder.take() {
            allowed.assert_covers(&sent, true);
        }
    }
}

/// The property above would hold of a product that refuses everything.
#[tokio::test]
async fn what_a_grant_allows_is_granted() {
    let catalog = json!({
        "reports": { "r0": { "name": "R", "workspaceId": guid(1, 7), "reportId": guid(2, 0) } },
        "datasets": { "d0": { "name": "D", "workspaceId": guid(1, 7), "datasetId": guid(3, 0) } },
        "tenants": { "t0": { "grants": [{ "reports": ["r0"], "datasets": ["d0"], "workspaces": [guid(1, 2)] }] } },
    });
    let recorder = Arc::new(Recorder::default());
    let parsed = Arc::new(catalog::parse(&catalog.to_string()).unwrap());
    let embedding = Embedding::new(&settings(&[]), parsed, recorder.clone(), recorder.clone(), Arc::new(SystemClock));
    for dataset in ["d0".to_owned(), guid(9, 2)] {
        let binding = BindingRequest {
            report: Some("r0".parse().unwrap()),
            dataset: Some(dataset.parse().unwrap()),
            mode: Mode::View,
        };
        let request = BindingsRequest { bindings: vec![binding], lifetime_minutes: None };
        let answer = embedding.token(&Arc::new(Call::begin(None)), &caller("t0", &[], "e"), &request).await;
        assert!(answer.is_ok(), "{answer:?}");
    }
    assert_eq!(recorder.take().len(), 2);
}
