use serde_json::{Value, json};

use super::*;
use crate::domain::Found;
use crate::domain::fixtures::{HERE, THERE, authorize, user};

fn share(grants: &Value, bindings: &[&str]) -> Result<TokenRequest, TokenRequestError> {
    let bindings = authorize(&user(), grants, bindings, &Found::default()).unwrap();
    TokenRequest::sharing(&bindings, &OwnDatasets::new(), None)
}

fn apart(grants: &Value, bindings: &[&str]) -> Vec<usize> {
    match share(grants, bindings) {
        Err(TokenRequestError::Conflict { apart }) => apart,
        other => panic!("{bindings:?}: {other:?}"),
    }
}

#[test]
fn bindings_that_only_view_always_share() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"] }, { "reports": ["s"], "datasets": ["b", "mine"] }]);
    let request = share(&grants, &["view r a", "view s b", "view s mine"]).unwrap();
    assert_eq!((request.reports().len(), request.datasets().len(), request.identities().len()), (2, 3, 1));
    assert!(request.reports().values().all(|edit| !edit) && request.target_workspaces().is_empty());
}

#[test]
fn a_binding_whose_right_is_not_granted_for_each_dataset_needs_a_separate_request() {
    let edit = json!({ "reports": ["r"], "datasets": ["a"], "modes": ["edit"], "saveTo": HERE });
    let view = json!({ "reports": ["r", "s"], "datasets": ["b"] });
    let create = json!({ "reports": ["s"], "datasets": ["b"], "modes": ["create"], "saveTo": HERE });
    let grants = json!([edit, view, create]);
    assert_eq!(apart(&grants, &["edit r a", "view r b"]), [0]);
    assert_eq!(apart(&grants, &["view s b", "edit r a", "create b"]), [1]);
    assert!(share(&grants, &["view s b", "create b"]).is_ok());
    assert!(share(&grants, &["edit r a"]).is_ok());
}

#[test]
fn a_token_saves_only_where_each_of_its_bindings_may() {
    let grant = |report: &str, target: Option<&str>| {
        let mut grant = json!({ "reports": [report], "datasets": ["a"], "modes": ["edit"] });
        if let Some(target) = target {
            grant["saveTo"] = json!(target);
        }
        grant
    };
    let two = json!([grant("r", Some(HERE)), grant("s", Some(THERE))]);
    assert_eq!(apart(&two, &["edit r a", "edit s a"]), [1]);
    let one = json!([grant("r", None), grant("s", Some(THERE))]);
    assert_eq!(apart(&one, &["edit r a", "edit s a"]), [1]);
    let same = json!([grant("r", Some(HERE)), grant("s", Some(HERE))]);
    assert_eq!(share(&same, &["edit r a", "edit s a"]).unwrap().target_workspaces().len(), 1);
}

#[test]
fn a_dataset_has_one_identity_in_a_token() {
    let grants = json!([{ "reports": ["r"], "datasets": ["mine", "all"] }]);
    assert_eq!(apart(&grants, &["view r mine", "view r all"]), [1]);
    assert_eq!(share(&grants, &["view r mine"]).unwrap().identities()[0].identity.username, "u@x");
}

#[test]
fn a_report_is_the_same_under_another_key() {
    let grants = json!([
        { "reports": ["r"], "datasets": ["a"], "modes": ["edit"] },
        { "reports": ["r-again"], "datasets": ["b"], "modes": ["edit"] },
    ]);
    let request = share(&grants, &["edit r a", "edit r-again b"]).unwrap();
    assert_eq!((request.reports().len(), request.datasets().len()), (1, 2));
}

#[test]
fn an_edit_with_a_target_counts_as_a_create_and_one_without_does_not() {
    let grants = |save_to: Value| {
        let mut edit = json!({ "reports": ["r"], "datasets": ["b"], "modes": ["view", "edit"] });
        if !save_to.is_null() {
            edit["saveTo"] = save_to;
        }
        json!([edit, { "reports": ["r"], "datasets": ["a"], "modes": ["create"], "saveTo": HERE }])
    };
    assert!(share(&grants(json!(HERE)), &["create a", "view r b"]).is_ok());
    assert_eq!(apart(&grants(Value::Null), &["create a", "view r b"]), [0]);
}

#[test]
fn one_dataset_is_named_once_and_one_identity_is_written_once() {
    let grants = json!([{ "reports": ["r", "s"], "datasets": ["mine"] }]);
    let request = share(&grants, &["view r mine", "view s mine"]).unwrap();
    assert_eq!((request.datasets().len(), request.identities().len()), (1, 1));
    assert_eq!(request.identities()[0].datasets.len(), 1);
}
