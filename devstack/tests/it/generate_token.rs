//! `GenerateToken`: successes and refusals.

use std::sync::Arc;
use std::time::Duration;

use devstack::fake_tenant::{FakeTenant, Principal, Role, ids};
use devstack::{Stack, StackOptions};
use serde_json::{Value, json};
use test_support::clock::ManualClock;

use crate::client::{bearer, generate, powerbi_url, send, stack};

/// A valid request.
fn good() -> Value {
    json!({
        "reports": [{"id": ids::SALES_REPORT}],
        "datasets": [{"id": ids::CONTOSO_SALES}],
        "identities": [{"username": "ana@contoso.example", "datasets": [ids::CONTOSO_SALES]}],
    })
}

/// A valid request with some fields replaced.
pub(crate) fn changed(changes: &Value) -> Value {
    let mut request = good();
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

#[tokio::test]
async fn a_token_has_the_requested_contents() {
    let stack = stack().await;
    let reply = generate(&stack, &good()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let body = reply.json();
    let token = body["token"].as_str().unwrap();
    assert!(token.starts_with("H4sI") && token.split('.').count() == 2, "{token}");
    let granted = stack.embed_token(token).unwrap();
    assert_eq!(granted["tokenId"], body["tokenId"]);
    assert_eq!(granted["expiration"], body["expiration"]);
    assert_eq!(granted["datasets"][0]["id"], ids::CONTOSO_SALES);
    assert_eq!(granted["identities"][0]["username"], "ana@contoso.example");
    assert_eq!(granted["reports"][0]["allowEdit"], false);
}

#[tokio::test]
async fn a_token_does_not_outlive_the_access_token() {
    let clock = Arc::new(ManualClock::default());
    let options = StackOptions { clock: clock.clone(), ..StackOptions::default() };
    let stack = Stack::start(options).await.unwrap();
    let headers = [("authorization", &*bearer(&stack).await), ("content-type", "application/json")];
    clock.advance(Duration::from_mins(30));
    let expiration = async |minutes: Value| {
        let body = changed(&json!({ "lifetimeInMinutes": minutes })).to_string();
        let reply = send("POST", &powerbi_url(&stack, "GenerateToken"), &headers, &body).await;
        reply.json()["expiration"].as_str().unwrap().to_owned()
    };
    for minutes in [json!(null), json!(0), json!(600)] {
        assert_eq!(expiration(minutes).await, "2026-11-24T03:59:59Z");
    }
    assert_eq!(expiration(json!(10)).await, "2026-11-24T03:40:00Z");
}

#[tokio::test]
async fn bodies_that_do_not_match_the_contract_are_refused() {
    let stack = stack().await;
    let many: Vec<_> = (0..51).map(|n| json!({"id": format!("{n:08}-0000-4000-8000-000000000000")})).collect();
    let table = [
        json!({"accessLevel": "View"}),
        json!({"reports": {"id": ids::SALES_REPORT}}),
        json!({"reports": [{"id": ids::SALES_REPORT, "allowEdit": "true"}]}),
        json!({"reports": [{"id": "sales"}]}),
        json!({"reports": [{"id": ids::SALES_REPORT, "groupId": ids::REPORTS_WORKSPACE}]}),
        json!({"datasets": [{"id": ids::CONTOSO_SALES, "xmlaPermissions": "readOnly"}]}),
        json!({"datasets": [{"id": ids::CONTOSO_SALES}, {"id": ids::CONTOSO_SALES.to_uppercase()}]}),
        json!({"datasets": many, "identities": []}),
        json!({"reports": many}),
        json!({"targetWorkspaces": many}),
        json!({"targetWorkspaces": [ids::CONTOSO_WORKSPACE]}),
        json!({"lifetimeInMinutes": -1}),
        json!({"lifetimeInMinutes": "20"}),
        json!({"lifetimeInMinutes": 1.5}),
        json!({"identities": [{"datasets": [ids::CONTOSO_SALES]}]}),
        json!({"datasourceIdentities": [{"identityBlob": {"value": "x"}, "datasources": []}]}),
    ];
    for change in table {
        let reply = generate(&stack, &changed(&change)).await;
        assert_eq!(reply.cause(), (400, "InvalidRequest"), "{change}: {}", reply.text);
        assert_eq!(reply.json()["error"]["code"], "InvalidRequest");
    }
    assert_eq!(generate(&stack, &json!({})).await.status, 400);
    assert_eq!(generate(&stack, &json!([])).await.status, 400);
}

#[tokio::test]
async fn items_must_exist_and_the_caller_must_have_the_right_to_share_them() {
    let stack = stack().await;
    let plain = |dataset: &str| json!({"datasets": [{"id": dataset}], "identities": []});
    let table = [
        (plain(ids::MISSING_DATASET), 404, "PowerBIEntityNotFound"),
        (plain(ids::CLOSED_DATASET), 404, "PowerBIEntityNotFound"),
        (plain(ids::READING_ROOM_DATASET), 404, ""),
        (plain(ids::TRIAL_DATASET), 403, "Forbidden"),
        (json!({"reports": [{"id": ids::MISSING_REPORT}]}), 404, "PowerBIEntityNotFound"),
        (json!({"reports": [{"id": ids::PILOT_REPORT}]}), 403, "Forbidden"),
        (json!({"targetWorkspaces": [{"id": ids::CLIENT}]}), 404, "PowerBIFolderNotFound"),
        (json!({"targetWorkspaces": [{"id": ids::CLOSED_WORKSPACE}]}), 403, "Forbidden"),
        (json!({"targetWorkspaces": [{"id": ids::READING_ROOM_WORKSPACE}]}), 401, "PowerBINotAuthorizedException"),
    ];
    for (change, status, info) in table {
        let reply = generate(&stack, &changed(&change)).await;
        assert_eq!(reply.cause(), (status, info), "{change}: {}", reply.text);
    }
    let trial = generate(&stack, &changed(&plain(ids::TRIAL_DATASET))).await;
    assert!(trial.text.contains("shared or ProPlus capacity"), "{}", trial.text);
}

#[tokio::test]
async fn a_profile_cannot_share_items_of_other_workspaces() {
    let stack = stack().await;
    let headers = [
        ("authorization", &*bearer(&stack).await),
        ("content-type", "application/json"),
        ("x-powerbi-profile-id", ids::FABRIKAM_PROFILE),
    ];
    let url = powerbi_url(&stack, "GenerateToken");
    let reply = send("POST", &url, &headers, &good().to_string()).await;
    assert_eq!(reply.cause(), (404, "PowerBIEntityNotFound"));
    let own = changed(&json!({
        "datasets": [{"id": ids::FABRIKAM_SALES}],
        "identities": [{"username": "frida@fabrikam.example", "datasets": [ids::FABRIKAM_SALES]}],
    }));
    assert_eq!(send("POST", &url, &headers, &own.to_string()).await.status, 200);
}

#[tokio::test]
async fn the_request_must_be_a_post_with_json() {
    let stack = stack().await;
    let token = bearer(&stack).await;
    let url = powerbi_url(&stack, "GenerateToken");
    let text = [("authorization", token.as_str()), ("content-type", "text/plain")];
    assert_eq!(send("POST", &url, &text, &good().to_string()).await.status, 415);
    let json = [("authorization", token.as_str()), ("content-type", "application/json; charset=utf-8")];
    assert_eq!(send("POST", &url, &json, "{").await.status, 400);
    assert_eq!(send("POST", &url, &json, &good().to_string()).await.status, 200);
    assert_eq!(send("GET", &url, &json, "").await.status, 405);
}

/// Without build permission, the code is the same as for an item that does not exist, and the text is in the details.
#[tokio::test]
async fn a_dataset_that_may_only_be_read_is_answered_as_if_it_did_not_exist() {
    let stack = stack().await;
    let request = json!({"datasets": [{"id": ids::READING_ROOM_DATASET}]});
    let reply = generate(&stack, &request).await;
    assert_eq!(reply.cause(), (404, ""), "{}", reply.text);
    let error = &reply.json()["error"];
    assert_eq!(error["code"], "PowerBIEntityNotFound");
    assert!(error.get("message").is_none());
    let detail = error["pbi.error"]["details"][0]["detail"]["value"].as_str().unwrap();
    assert!(detail.contains("do not have the required permissions"), "{detail}");
}

/// A member may make tokens for a paginated report, a contributor may not
/// (powerbi-docs, paginated-reports-row-level-security@171239c).
#[tokio::test]
async fn a_paginated_report_needs_a_member() {
    let mut fake_tenant = FakeTenant::demo();
    let home = fake_tenant.workspaces.iter_mut().find(|workspace| workspace.id == ids::FINANCE_WORKSPACE).unwrap();
    home.members = vec![(Principal::App, Role::Contributor)];
    let stack = Stack::start(StackOptions { fake_tenant, ..StackOptions::default() }).await.unwrap();
    let request = |report: &str| json!({"reports": [{"id": report}]});
    let reply = generate(&stack, &request(ids::PAYSLIP_REPORT)).await;
    assert_eq!(reply.cause(), (401, "PowerBINotAuthorizedException"));
    assert_eq!(generate(&stack, &request(ids::PAYROLL_REPORT)).await.status, 200);
}
