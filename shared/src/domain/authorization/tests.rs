use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::Dataset;
use crate::domain::fixtures::{HERE, THERE, authorize, caller, dataset_id, request, tenant, user};

fn listed(workspace: &str) -> Found {
    let (id, workspace) = (dataset_id(9), workspace.parse().unwrap());
    let dataset = Dataset { name: "D".to_owned(), workspace, id, identity: None, also_needs: Vec::new() };
    Found { datasets: HashMap::from([(id, Arc::new(dataset))]), ..Found::default() }
}

#[test]
fn grants_of_another_tenant_allow_nothing() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"] }]);
    let stranger = caller(&json!({ "sub": "u", "tenant": "another" }));
    let refused = Authorization::begin(&stranger, &tenant(&grants), &[request("view r a")]).unwrap_err();
    assert_eq!(refused.denial, Denial::NotEntitled);
}

#[test]
fn the_first_binding_that_is_refused_is_named() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"] }]);
    let refused = authorize(&user(), &grants, &["view r a", "view s a", "view r b"], &Found::default()).unwrap_err();
    assert_eq!(refused, Refusal { binding: 1, denial: Denial::NotEntitled });
}

#[test]
fn a_dataset_outside_the_granted_workspace_is_refused_when_it_is_found() {
    let grants = json!([{ "reports": ["r"], "workspaces": [HERE] }]);
    let text = format!("view r {}", dataset_id(9));
    assert!(authorize(&user(), &grants, &[&text], &listed(HERE)).is_ok());
    for found in [listed(THERE), Found::default()] {
        assert!(authorize(&user(), &grants, &[&text], &found).is_err());
    }
}

#[test]
fn only_the_grants_that_open_the_dataset_decide_where_a_report_is_saved() {
    let grants = json!([
        { "reports": ["r"], "datasets": ["a"], "modes": ["edit"], "saveTo": HERE },
        { "reports": ["r"], "datasets": ["b"], "modes": ["edit"], "saveTo": THERE },
    ]);
    let bindings = authorize(&user(), &grants, &["edit r a"], &Found::default()).unwrap();
    assert_eq!(*bindings.as_slice()[0].save_to(), BTreeSet::from([HERE.parse().unwrap()]));
}

#[test]
fn a_view_saves_nowhere() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"], "modes": ["view", "edit"], "saveTo": HERE }]);
    let bindings = authorize(&user(), &grants, &["view r a"], &Found::default()).unwrap();
    assert!(bindings.as_slice()[0].save_to().is_empty());
}

#[test]
fn an_identity_is_made_of_the_callers_claims() {
    let grants = json!([{ "reports": ["r"], "datasets": ["mine"] }]);
    let bindings = authorize(&user(), &grants, &["view r mine"], &Found::default()).unwrap();
    assert_eq!(bindings.as_slice()[0].identity().unwrap().username, "u@x");
    let without = caller(&json!({ "sub": "u", "tenant": "t" }));
    let refused = authorize(&without, &grants, &["view r mine"], &Found::default()).unwrap_err();
    assert_eq!(refused.denial, Denial::ClaimMissing { claim: "email".to_owned() });
}

#[test]
fn an_edit_reads_the_reports_of_other_grants_only_when_it_shares_a_token() {
    let grants = json!([{ "reports": ["r", "r-again"], "datasets": ["a", "b"], "modes": ["view", "edit"] }]);
    let (caller, tenant) = (user(), tenant(&grants));
    let keys = |texts: &[&str]| {
        let requests: Vec<_> = texts.iter().map(|text| request(text)).collect();
        Authorization::begin(&caller, &tenant, &requests).unwrap().report_keys().len()
    };
    assert_eq!(keys(&["edit r a"]), 1);
    assert_eq!(keys(&["edit r a", "view r b"]), 2);
}
