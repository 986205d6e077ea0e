//! Which bindings may share a token: a permission of one binding must not extend to the dataset of another.

use acceptance::test_app::{Answer, TestApp};
use devstack::fake_tenant::ids;
use serde_json::{Value, json};

const PLAN: &str = ids::CONTOSO_PLAN;
const OUTLOOK: &str = ids::CONTOSO_OUTLOOK;

/// Two reports under three keys, two datasets, and these grants for all users of Contoso.
async fn app(grants: Value) -> TestApp {
    let report = |id: &str| json!({ "name": "R", "workspaceId": ids::REPORTS_WORKSPACE, "reportId": id });
    let dataset = |id: &str| json!({ "name": "D", "workspaceId": ids::CONTOSO_WORKSPACE, "datasetId": id });
    TestApp::with_catalog(json!({
        "reports": { "r": report(ids::SALES_REPORT), "alias": report(&ids::SALES_REPORT.to_uppercase()),
                     "s": report(ids::OPS_REPORT) },
        "datasets": { "a": dataset(PLAN), "a-too": dataset(PLAN), "b": dataset(ids::CONTOSO_LAKE),
                      "mine": { "name": "D", "workspaceId": ids::CONTOSO_WORKSPACE, "datasetId": ids::CONTOSO_SALES,
                                "identity": { "username": "{email}" } },
                      "all": { "name": "D", "workspaceId": ids::CONTOSO_WORKSPACE, "datasetId": ids::CONTOSO_SALES,
                               "identity": { "username": "everybody" } } },
        "tenants": { "contoso": { "grants": grants } },
    }))
    .await
}

fn binding(text: &str) -> Value {
    let parts: Vec<_> = text.split(' ').collect();
    match parts.as_slice() {
        ["create", dataset] => json!({ "mode": "create", "dataset": dataset }),
        [mode, report, dataset] => json!({ "mode": mode, "report": report, "dataset": dataset }),
        _ => unreachable!("{text}"),
    }
}

async fn ask(app: &TestApp, bindings: &[&str]) -> Answer {
    let bindings: Vec<_> = bindings.iter().map(|text| binding(text)).collect();
    app.token("carl@contoso", json!({ "bindings": bindings })).await
}

/// Fails unless the request is refused before any call, names these bindings, and succeeds after the split.
async fn assert_apart(app: &TestApp, bindings: &[&str], apart: &[usize]) {
    let answer = ask(app, bindings).await;
    answer.assert_problem(400, "bindings-conflict");
    let pointers: Vec<_> = apart.iter().map(|index| format!("/bindings/{index}")).collect();
    assert_eq!(answer.pointers(), pointers, "{bindings:?}");
    assert_eq!(app.upstream_calls(), [""; 0], "{bindings:?}");
    let rest: Vec<_> =
        (0..bindings.len()).filter(|index| !apart.contains(index)).map(|index| bindings[index]).collect();
    assert_eq!(ask(app, &rest).await.status, 200, "{rest:?}");
    for index in apart {
        assert_eq!(ask(app, &[bindings[*index]]).await.status, 200, "{}", bindings[*index]);
    }
    app.stack.log().clear();
}

#[tokio::test]
async fn edit_access_does_not_extend_to_datasets_that_are_only_viewed() {
    let app = app(json!([
        { "reports": ["r"], "datasets": ["a"], "modes": ["edit"], "saveTo": ids::CONTOSO_WORKSPACE },
        { "reports": ["r", "alias", "s"], "datasets": ["b"], "modes": ["view"] },
    ]))
    .await;
    assert_apart(&app, &["edit r a", "view r b"], &[0]).await;
    assert_apart(&app, &["edit r a", "view alias b"], &[0]).await;
    assert_apart(&app, &["view s b", "edit r a", "view r b"], &[1]).await;
}

/// `a` and `a-too` are the same dataset. The grant of `a-too` counts for `a` only in a token that binds `a-too`.
#[tokio::test]
async fn bindings_that_share_a_token_still_share_it_after_the_split() {
    let app = app(json!([
        { "reports": ["r"], "datasets": ["a"], "modes": ["view"] },
        { "reports": ["r"], "datasets": ["b", "a-too"], "modes": ["edit", "create"] },
        { "reports": ["s"], "datasets": ["b", "a"], "modes": ["create"], "saveTo": ids::CONTOSO_WORKSPACE },
    ]))
    .await;
    assert_apart(&app, &["view r a", "create r b", "create s a", "edit r a-too"], &[1, 3]).await;
}

#[tokio::test]
async fn create_access_does_not_extend_to_datasets_that_are_only_viewed() {
    let app = app(json!([
        { "reports": ["r"], "datasets": ["a"] },
        { "reports": ["r"], "datasets": ["b"], "modes": ["create"], "saveTo": ids::CONTOSO_WORKSPACE },
    ]))
    .await;
    assert_apart(&app, &["view r a", "create b"], &[1]).await;
}

#[tokio::test]
async fn no_report_is_saved_outside_the_target_of_its_grant() {
    let app = app(json!([
        { "reports": ["r"], "datasets": ["a"], "modes": ["edit"], "saveTo": ids::CONTOSO_WORKSPACE },
        { "reports": ["s"], "datasets": ["a"], "modes": ["edit"], "saveTo": ids::REPORTS_WORKSPACE },
        { "reports": ["s"], "datasets": ["b"], "modes": ["edit"] },
    ]))
    .await;
    assert_apart(&app, &["edit r a", "edit s a"], &[1]).await;
    assert_apart(&app, &["edit s b", "edit s a"], &[1]).await;
}

#[tokio::test]
async fn a_dataset_has_one_identity_in_a_token() {
    let app = app(json!([{ "reports": ["r", "s"], "datasets": ["mine", "all"] }])).await;
    assert_apart(&app, &["view r mine", "view r all", "view s mine"], &[1]).await;
}

#[tokio::test]
async fn bindings_granted_over_every_dataset_share_a_token() {
    let everything = json!([{
        "reports": ["r", "s"], "datasets": ["a", "b"], "modes": ["view", "edit", "create"],
        "saveTo": ids::CONTOSO_WORKSPACE,
    }]);
    let app = app(everything).await;
    let shared = ["view r a", "edit r b", "view s b", "create a", "edit s a", "edit alias a"];
    assert_eq!(ask(&app, &shared[..5]).await.status, 200);
    let requests = app.token_requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["targetWorkspaces"], json!([{ "id": ids::CONTOSO_WORKSPACE }]));
    assert_eq!(requests[0]["datasets"].as_array().unwrap().len(), 2);
    // `alias` is not granted, although it names the same report as `r`.
    ask(&app, &shared).await.assert_problem(403, "not-entitled");
}

#[tokio::test]
async fn grants_of_another_key_of_the_report_count() {
    let app = app(json!([
        { "reports": ["r"], "datasets": ["a"], "modes": ["edit"] },
        { "reports": ["alias"], "datasets": ["b"], "modes": ["edit"] },
        { "reports": ["s"], "datasets": ["b"] },
    ]))
    .await;
    assert_eq!(ask(&app, &["edit r a", "view s b"]).await.status, 200);
}

#[tokio::test]
async fn only_the_grant_that_opens_the_dataset_says_where_to_save() {
    let app = app(json!([
        { "reports": ["r"], "workspaces": [ids::CONTOSO_WORKSPACE], "modes": ["edit", "create"] },
        { "reports": ["r"], "workspaces": [ids::REPORTS_WORKSPACE], "modes": ["edit", "create"],
          "saveTo": ids::REPORTS_WORKSPACE },
    ]))
    .await;
    for (dataset, targets) in [(PLAN, Value::Null), (ids::TEMPLATE_DATASET, json!([{ "id": ids::REPORTS_WORKSPACE }]))]
    {
        let edit = format!("edit r {dataset}");
        assert_eq!(ask(&app, &[&edit]).await.status, 200);
        assert_eq!(app.token_requests()[0]["targetWorkspaces"], targets, "{edit}");
        let body = json!({ "bindings": [binding(&format!("create {dataset}"))] });
        let config = app.config("carl@contoso", body).await.ok()["configs"][0].clone();
        assert_eq!(config.get("groupId").is_none(), targets.is_null(), "{config}");
        app.stack.log().clear();
    }
    let edit = json!({ "bindings": [binding(&format!("edit r {PLAN}"))] });
    assert_eq!(app.config("carl@contoso", edit).await.ok()["configs"][0]["permissions"], 1);
}

/// In the organization scenario there is no embed token: the user's own permissions decide.
#[tokio::test]
async fn the_sharing_rule_does_not_apply_to_users_own_tokens() {
    let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", "organization")]).await;
    let bindings = ["view sales contoso-sales", "edit ops contoso-plan"].map(binding);
    let answer = app.token("ana@contoso", json!({ "bindings": bindings })).await;
    assert_eq!(answer.status, 200, "{:#}", answer.body);
}

/// A report's own dataset is in the token for that report only. Another report must not be able to edit it.
#[tokio::test]
async fn a_reports_own_dataset_cannot_be_edited_through_another_report() {
    let report = |id: &str, own: bool| json!({ "name": "R", "workspaceId": ids::REPORTS_WORKSPACE, "reportId": id, "includeOwnDataset": own });
    let dataset = |id: &str| json!({ "name": "D", "workspaceId": ids::CONTOSO_WORKSPACE, "datasetId": id });
    let app = TestApp::with_catalog(json!({
        "reports": { "r": report(ids::SALES_REPORT, false), "own": report(ids::OPS_REPORT, true) },
        "datasets": { "a": dataset(PLAN), "b": dataset(OUTLOOK) },
        "tenants": { "contoso": { "grants": [{ "reports": ["r", "own"], "datasets": ["a"], "modes": ["view", "edit"] }] } },
    }))
    .await;
    assert_apart(&app, &["edit r a", "view own a"], &[0]).await;
}
