use serde_json::{Value, json};

use super::*;
use crate::domain::fixtures::{HERE, THERE, caller, dataset_id, request, tenant, user};

fn permit(grants: &Value, text: &str) -> Result<(), Denial> {
    tenant(grants).permit(&user(), &request(text)).map(drop)
}

#[test]
fn a_grant_allows_its_reports_over_its_datasets_in_its_modes() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"], "modes": ["view", "edit"] }]);
    for allowed in ["view r a", "edit r a"] {
        assert_eq!(permit(&grants, allowed), Ok(()), "{allowed}");
    }
    for refused in ["create a", "view s a", "view r b", "view unknown a", "view r unknown"] {
        assert_eq!(permit(&grants, refused), Err(Denial::NotEntitled), "{refused}");
    }
}

#[test]
fn nothing_is_granted_across_grants() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"] }, { "reports": ["s"], "datasets": ["b"] }]);
    assert_eq!(permit(&grants, "view r a"), Ok(()));
    assert_eq!(permit(&grants, "view s b"), Ok(()));
    assert_eq!(permit(&grants, "view r b"), Err(Denial::NotEntitled));
}

#[test]
fn a_grant_with_groups_is_for_their_members_only() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"], "groups": ["analysts"] }]);
    let in_groups = |groups: Value| {
        let caller = caller(&json!({ "sub": "u", "tenant": "t", "groups": groups }));
        tenant(&grants).permit(&caller, &request("view r a")).map(drop)
    };
    assert_eq!(in_groups(json!(["sales", "analysts"])), Ok(()));
    assert_eq!(in_groups(json!(["sales"])), Err(Denial::NotEntitled));
    assert_eq!(in_groups(json!([])), Err(Denial::NotEntitled));
}

#[test]
fn an_omitted_dataset_means_the_only_one_that_is_granted() {
    let one = json!([{ "reports": ["r"], "datasets": ["a"] }, { "reports": ["s"], "datasets": ["b"] }]);
    let only = tenant(&one);
    let permit_of_one = only.permit(&user(), &request("view r -")).unwrap();
    assert_eq!(permit_of_one.dataset, DatasetChoice::Catalogued("a".parse().unwrap()));
    let two = json!([{ "reports": ["r"], "datasets": ["a", "b"] }]);
    assert_eq!(permit(&two, "view r -"), Err(Denial::DatasetRequired));
}

#[test]
fn a_workspace_grant_holds_several_datasets_so_one_has_to_be_named() {
    let grants = json!([{ "reports": ["r"], "datasets": ["a"], "workspaces": [HERE] }]);
    assert_eq!(permit(&grants, "view r -"), Err(Denial::DatasetRequired));
}

#[test]
fn a_dataset_of_a_granted_workspace_is_named_by_its_guid() {
    let id = dataset_id(9);
    let granted = json!([{ "reports": ["r"], "workspaces": [HERE] }]);
    assert_eq!(permit(&granted, &format!("view r {id}")), Ok(()));
    let without = json!([{ "reports": ["r"], "datasets": ["a"] }]);
    assert_eq!(permit(&without, &format!("view r {id}")), Err(Denial::NotEntitled));
}

#[test]
fn a_saved_report_is_named_by_its_guid_where_a_grant_saves() {
    let saving = json!([{ "reports": ["r"], "datasets": ["a"], "modes": ["view", "create"], "saveTo": THERE }]);
    assert_eq!(permit(&saving, &format!("view {HERE} a")), Ok(()));
    let fixed = json!([{ "reports": ["r"], "datasets": ["a"] }]);
    assert_eq!(permit(&fixed, &format!("view {HERE} a")), Err(Denial::NotEntitled));
}
