//! Every kind of report and mode: the contents of the token and of the config.

use acceptance::test_app::TestApp;
use devstack::fake_tenant::ids;
use serde_json::{Value, json};

/// A catalog of one tenant with one grant.
fn catalog(report: Value, dataset: Value, grant: Value) -> Value {
    let mut grants = json!({ "reports": ["r"], "datasets": ["d"] });
    for (name, value) in grant.as_object().unwrap() {
        grants[name] = value.clone();
    }
    json!({
        "reports": { "r": report },
        "datasets": { "d": dataset },
        "tenants": { "contoso": { "grants": [grants] } },
    })
}

fn report(id: &str, more: Value) -> Value {
    let mut report = json!({ "name": "R", "workspaceId": ids::REPORTS_WORKSPACE, "reportId": id });
    for (name, value) in more.as_object().unwrap() {
        report[name] = value.clone();
    }
    report
}

fn dataset(id: &str, more: Value) -> Value {
    let mut dataset = json!({ "name": "D", "workspaceId": ids::CONTOSO_WORKSPACE, "datasetId": id });
    for (name, value) in more.as_object().unwrap() {
        dataset[name] = value.clone();
    }
    dataset
}

/// The config without the fields that every config has, and the one token request.
async fn config_and_token(catalog: Value, mode: &str) -> (Value, Value) {
    let app = TestApp::with_catalog(catalog).await;
    let mut binding = json!({ "report": "r", "dataset": "d", "mode": mode });
    if mode == "create" {
        binding.as_object_mut().unwrap().remove("report");
    }
    let answer = app.config("carl@contoso", json!({ "bindings": [binding] })).await.ok();
    let mut config = answer["configs"][0].clone();
    assert!(config["accessToken"].is_string() && config["embedUrl"].as_str().unwrap().starts_with("https://"));
    config.as_object_mut().unwrap().retain(|name, _| name != "accessToken" && name != "embedUrl");
    let mut requests = app.token_requests();
    assert_eq!(requests.len(), 1);
    (config, requests.remove(0))
}

#[tokio::test]
async fn an_edit_binding() {
    let catalog = catalog(
        report(ids::SALES_REPORT, json!({})),
        dataset(ids::CONTOSO_PLAN, json!({})),
        json!({ "modes": ["edit"] }),
    );
    let (config, token) = config_and_token(catalog, "edit").await;
    assert_eq!((&config["permissions"], &config["viewMode"]), (&json!(1), &json!(1)));
    assert_eq!(token["reports"], json!([{ "id": ids::SALES_REPORT, "allowEdit": true }]));
    assert_eq!(token.get("targetWorkspaces"), None);
}

#[tokio::test]
async fn an_edit_binding_with_a_save_target() {
    let grant = json!({ "modes": ["view", "edit"], "saveTo": ids::CONTOSO_WORKSPACE });
    let catalog = catalog(report(ids::SALES_REPORT, json!({})), dataset(ids::CONTOSO_PLAN, json!({})), grant);
    let (config, token) = config_and_token(catalog.clone(), "edit").await;
    assert_eq!((&config["permissions"], &config["viewMode"]), (&json!(7), &json!(1)));
    assert_eq!(token["targetWorkspaces"], json!([{ "id": ids::CONTOSO_WORKSPACE }]));
    let (config, token) = config_and_token(catalog, "view").await;
    assert_eq!((&config["permissions"], &config["viewMode"]), (&json!(0), &json!(0)));
    assert_eq!(token.get("targetWorkspaces"), None, "a view token has no target workspaces");
}

#[tokio::test]
async fn a_create_binding() {
    let grant = json!({ "reports": [], "modes": ["create"], "saveTo": ids::CONTOSO_WORKSPACE });
    let catalog = catalog(report(ids::SALES_REPORT, json!({})), dataset(ids::CONTOSO_PLAN, json!({})), grant);
    let (config, token) = config_and_token(catalog, "create").await;
    assert_eq!(
        config,
        json!({ "type": "create", "tokenType": 1, "datasetId": ids::CONTOSO_PLAN, "groupId": ids::CONTOSO_WORKSPACE })
    );
    assert_eq!(
        token,
        json!({ "datasets": [{ "id": ids::CONTOSO_PLAN }], "targetWorkspaces": [{ "id": ids::CONTOSO_WORKSPACE }] })
    );
}

#[tokio::test]
async fn a_paginated_report() {
    let invoice = report(ids::INVOICE_REPORT, json!({ "kind": "paginated", "sourceDatasetId": ids::TEMPLATE_DATASET }));
    let (config, token) =
        config_and_token(catalog(invoice, dataset(ids::CONTOSO_PLAN, json!({})), json!({})), "view").await;
    let binding = json!([{ "sourceDatasetId": ids::TEMPLATE_DATASET, "targetDatasetId": ids::CONTOSO_PLAN }]);
    assert_eq!(
        config,
        json!({ "type": "report", "tokenType": 1, "id": ids::INVOICE_REPORT, "datasetBindings": binding })
    );
    assert_eq!(token["datasets"], json!([{ "id": ids::CONTOSO_PLAN, "xmlaPermissions": "ReadOnly" }]));
}

#[tokio::test]
async fn a_report_with_paginated_visuals() {
    let sales = report(ids::SALES_REPORT, json!({ "paginatedSources": [ids::TEMPLATE_DATASET] }));
    let (config, token) =
        config_and_token(catalog(sales, dataset(ids::CONTOSO_PLAN, json!({})), json!({})), "view").await;
    assert_eq!(
        config["datasetBinding"],
        json!({ "datasetId": ids::CONTOSO_PLAN, "paginatedReportBindings": [
            { "sourceDatasetId": ids::TEMPLATE_DATASET, "targetDatasetId": ids::CONTOSO_PLAN },
        ] })
    );
    assert_eq!(token["datasets"], json!([{ "id": ids::CONTOSO_PLAN, "xmlaPermissions": "ReadOnly" }]));
}

#[tokio::test]
async fn a_token_names_all_datasets_of_a_composite_model() {
    let outlook = dataset(ids::CONTOSO_OUTLOOK, json!({ "alsoNeeds": [ids::CONTOSO_PLAN] }));
    let (_, token) = config_and_token(catalog(report(ids::SALES_REPORT, json!({})), outlook, json!({})), "view").await;
    let mut datasets = token["datasets"].as_array().unwrap().clone();
    datasets.sort_by_key(|dataset| dataset["id"] == ids::CONTOSO_PLAN);
    assert_eq!(
        Value::from(datasets),
        json!([
            { "id": ids::CONTOSO_OUTLOOK, "xmlaPermissions": "ReadOnly" },
            { "id": ids::CONTOSO_PLAN, "xmlaPermissions": "ReadOnly" },
        ])
    );
}

#[tokio::test]
async fn the_own_dataset_is_in_the_token_only_if_the_catalog_says_so() {
    let sales = report(ids::SALES_REPORT, json!({ "includeOwnDataset": true }));
    let catalog = catalog(sales, dataset(ids::CONTOSO_PLAN, json!({})), json!({}));
    let (_, token) = config_and_token(catalog, "view").await;
    let listed: Vec<_> = token["datasets"].as_array().unwrap().iter().map(|dataset| &dataset["id"]).collect();
    assert!(listed.len() == 2 && listed.contains(&&json!(ids::TEMPLATE_DATASET)), "{token}");
}

#[tokio::test]
async fn identities_name_their_datasets() {
    let identity = |roles: Value| {
        json!({ "identity": { "username": "{email}", "roles": roles, "customData": "{tenant}",
              "auditableContext": "{name} of {tenant}" } })
    };
    let app = TestApp::with_catalog(json!({
        "reports": { "r": report(ids::SALES_REPORT, json!({})) },
        "datasets": {
            "sales": dataset(ids::CONTOSO_SALES, json!({ "identity": { "username": "{email}" } })),
            "payroll": dataset(ids::CONTOSO_PAYROLL, json!({ "identity": { "username": "{email}" } })),
            "regions": dataset(ids::CONTOSO_REGIONS, identity(json!(["North"]))),
            "plan": dataset(ids::CONTOSO_PLAN, json!({})),
        },
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "datasets": ["sales", "payroll", "regions", "plan"] }] } },
    }))
    .await;
    let binding = |dataset: &str| json!({ "report": "r", "dataset": dataset });
    let bindings = ["sales", "payroll", "regions", "plan"].map(binding);
    let body = json!({ "bindings": bindings });
    let _ = app.token("carl@contoso", body).await.ok();
    let mut both = [ids::CONTOSO_SALES, ids::CONTOSO_PAYROLL];
    both.sort_unstable();
    let mut identities = app.token_requests()[0]["identities"].as_array().unwrap().clone();
    identities.sort_by_key(|identity| identity["datasets"].as_array().unwrap().len());
    assert_eq!(
        Value::from(identities),
        json!([
            { "username": "carl@contoso.example", "roles": ["North"], "customData": "contoso",
              "auditableContext": "Carl Ewe of contoso", "datasets": [ids::CONTOSO_REGIONS] },
            { "username": "carl@contoso.example", "datasets": both },
        ])
    );
}

#[tokio::test]
async fn a_tenants_profile_is_sent_with_every_call_and_shares_no_cache() {
    let fabrikam = json!({ "name": "F", "workspaceId": ids::FABRIKAM_WORKSPACE, "datasetId": ids::FABRIKAM_SALES,
                           "identity": { "username": "{email}" } });
    let grants = json!([{ "reports": ["r"], "datasets": ["d"] }]);
    let app = TestApp::with_catalog(json!({
        "reports": { "r": report(ids::SALES_REPORT, json!({})) },
        "datasets": { "d": fabrikam },
        "tenants": {
            "fabrikam": { "profileId": ids::FABRIKAM_PROFILE, "grants": grants },
            "contoso": { "grants": grants },
        },
    }))
    .await;
    let body = json!({ "bindings": [{ "report": "r" }] });
    let _ = app.config("frida@fabrikam", body.clone()).await.ok();
    let profiles = |app: &TestApp| {
        let calls = app.stack.powerbi().requests();
        app.stack.powerbi().clear_calls();
        calls.iter().map(|call| call.header("x-powerbi-profile-id").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(profiles(&app), vec![Some(ids::FABRIKAM_PROFILE.to_owned()); 2]);
    let _ = app.config("carl@contoso", body).await.ok();
    assert_eq!(profiles(&app), [None, None], "the profile's metadata is not the parent's");
}

#[tokio::test]
async fn a_workspace_grant_opens_what_the_workspace_holds_now() {
    let app = TestApp::with_catalog(json!({
        "reports": { "r": report(ids::SALES_REPORT, json!({})) },
        "datasets": {},
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "workspaces": [ids::CONTOSO_WORKSPACE] }] } },
    }))
    .await;
    let bind = async |dataset: &str| {
        app.config("carl@contoso", json!({ "bindings": [{ "report": "r", "dataset": dataset }] })).await
    };
    let _ = bind(&ids::CONTOSO_PLAN.to_uppercase()).await.ok();
    assert_eq!(app.token_requests()[0]["datasets"], json!([{ "id": ids::CONTOSO_PLAN }]));
    for outside in [ids::FABRIKAM_SALES, ids::MISSING_DATASET, "plan"] {
        bind(outside).await.assert_problem(403, "not-entitled");
    }
    app.config("carl@contoso", json!({ "bindings": [{ "report": "r" }] }))
        .await
        .assert_problem(400, "dataset-required");

    let listed = app.datasets("carl@contoso", "").await.ok();
    let keys: Vec<_> =
        listed["datasets"].as_array().unwrap().iter().map(|item| item["dataset"].as_str().unwrap()).collect();
    assert!(keys.contains(&ids::CONTOSO_PLAN) && !keys.contains(&ids::FABRIKAM_SALES) && keys.is_sorted());

    // The list is cached as long as other metadata. After that, a dataset that has moved out is refused.
    let empty = devstack::Fault::json(200, &json!({ "value": [] }));
    app.stack.powerbi().fail(&format!("GET /v1.0/myorg/groups/{}/datasets", ids::CONTOSO_WORKSPACE), empty, None);
    let _ = bind(ids::CONTOSO_PLAN).await.ok();
    app.clock.advance(std::time::Duration::from_mins(10));
    bind(ids::CONTOSO_PLAN).await.assert_problem(403, "not-entitled");
}

#[tokio::test]
async fn one_token_takes_at_most_fifty_datasets() {
    let needs: Vec<_> = (0..50).map(|n| format!("00000000-0000-4000-8000-{n:012}")).collect();
    let big = dataset(ids::CONTOSO_OUTLOOK, json!({ "alsoNeeds": needs }));
    let app = TestApp::with_catalog(catalog(report(ids::SALES_REPORT, json!({})), big, json!({}))).await;
    let answer = app.token("carl@contoso", json!({ "bindings": [{ "report": "r" }] })).await;
    answer.assert_problem(400, "invalid-request");
    assert_eq!(answer.pointers(), ["/bindings"]);
    assert_eq!(app.upstream_calls(), [""; 0]);
}

/// The demo's own accountant, with the demo's own catalog.
#[tokio::test]
async fn the_demo_shows_every_kind() {
    let app = TestApp::open().await;
    let body = json!({ "bindings": [
        { "report": "invoices", "dataset": "contoso-plan" },
        { "report": "sales", "dataset": "contoso-outlook" },
        { "dataset": "contoso-plan", "mode": "create" },
    ] });
    let answer = app.config("pia@contoso", body).await.ok();
    let configs = answer["configs"].as_array().unwrap();
    assert!(configs[0]["embedUrl"].as_str().unwrap().contains("/rdlEmbed"));
    assert!(configs[0]["datasetBindings"].is_array() && configs[0].get("datasetBinding").is_none());
    assert_eq!(configs[1]["datasetBinding"]["datasetId"], ids::CONTOSO_OUTLOOK);
    assert_eq!((&configs[2]["type"], &configs[2]["groupId"]), (&json!("create"), &json!(ids::CONTOSO_WORKSPACE)));
}
