//! Callers cannot use Dynabind to flood Entra or Power BI.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::test_app::{TestApp, view};
use devstack::Fault;
use devstack::fake_tenant::ids;
use serde_json::{Value, json};

const MANY: usize = 20;

fn status(status: u16) -> Fault {
    Fault::json(status, &json!({ "error": {} }))
}

fn count(calls: &[String], what: &str) -> usize {
    calls.iter().filter(|call| call.contains(what)).count()
}

async fn list(app: &TestApp, user: &str) -> Vec<String> {
    for _ in 0..MANY {
        let _ = app.datasets(user, "").await.ok();
    }
    app.upstream_calls()
}

#[tokio::test]
async fn a_broken_entry_is_looked_up_once_in_half_a_minute() {
    let app = TestApp::open().await;
    // The auditors' list has a deleted report and a deleted dataset.
    let first = list(&app, "quinn@contoso").await;
    let missing = count(&first, ids::MISSING_REPORT);
    assert_eq!(missing, 1, "{first:?}");
    assert_eq!(list(&app, "quinn@contoso").await, [""; 0]);
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(count(&list(&app, "quinn@contoso").await, ids::MISSING_REPORT), 1);
}

#[tokio::test]
async fn a_list_costs_one_call_for_each_workspace_and_none_for_each_dataset() {
    let app = TestApp::open().await;
    let calls = list(&app, "quinn@contoso").await;
    assert_eq!(count(&calls, "/datasets/"), 0, "{calls:?}");
    assert_eq!(count(&calls, "/datasets"), 2, "{calls:?}");
}

#[tokio::test]
async fn a_failed_look_up_is_cached_for_half_a_minute() {
    let app = TestApp::open().await;
    let powerbi = app.stack.powerbi();
    powerbi.fail("GET /v1.0/myorg/groups/*/reports/*", status(403), None);
    for _ in 0..MANY {
        assert_eq!(app.config("carl@contoso", view("sales", "contoso-plan")).await.status, 502);
    }
    assert_eq!(count(&app.upstream_calls(), "/reports/"), 1);
    powerbi.clear_faults();
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(app.config("carl@contoso", view("sales", "contoso-plan")).await.status, 200);
}

/// This holds with and without a named cause, for look-ups and for tokens.
#[tokio::test]
async fn a_refusal_renews_the_access_token_once_in_half_a_minute() {
    for (route, fault) in [
        ("GET /v1.0/myorg/groups/*", status(401)),
        ("GET /v1.0/myorg/groups/*", Fault::Status { status: 403, headers: BTreeMap::new(), body: String::new() }),
        ("POST /v1.0/myorg/GenerateToken", status(401)),
        (
            "POST /v1.0/myorg/GenerateToken",
            Fault::Status { status: 403, headers: BTreeMap::new(), body: String::new() },
        ),
    ] {
        let app = TestApp::open().await;
        app.stack.powerbi().fail(route, fault.clone(), None);
        for _ in 0..MANY {
            app.clock.advance(Duration::from_secs(1));
            let _ = app.datasets("quinn@contoso", "").await;
            let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await;
        }
        // Two access tokens for the two functions, and one after the refusal.
        let calls = app.upstream_calls();
        assert_eq!(count(&calls, "EntraToken"), 3, "{route}: {calls:?}");
    }
}

/// A page sends new bearer tokens again and again, and Entra refuses each.
#[tokio::test]
async fn refused_exchanges_on_behalf_of_a_user_count_against_the_callers_budget() {
    let variables = [("DYNABIND_SCENARIO", "organization"), ("DYNABIND_FRESH_TOKENS_PER_MINUTE", "3")];
    let app = TestApp::with_variables(&variables).await;
    let ask = async |user: &str, number: usize| {
        let mut event = app.stack.event("POST", "/token", Some(user), Some(&view("sales", "contoso-plan")));
        event["headers"]["authorization"] = json!(format!("Bearer not-a-token-{number}"));
        app.send(event).await
    };
    for number in 0..MANY {
        let answer = ask("carl@contoso", number).await;
        assert_eq!(answer.status, if number < 3 { 401 } else { 429 }, "{number}: {:#}", answer.body);
    }
    ask("carl@contoso", MANY).await.assert_problem(429, "too-many-requests");
    assert_eq!(count(&app.upstream_calls(), "EntraToken"), 3);
    assert_eq!(ask("ana@contoso", 0).await.status, 401, "another caller has a separate budget");
}

/// Many authorizers give all callers the same `sub`.
#[tokio::test]
async fn tenants_share_no_budget_where_they_share_a_subject() {
    let app = TestApp::with_variables(&[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "1")]).await;
    let ask = async |tenant: &str, dataset: &str, minutes: u32| {
        let body = json!({ "bindings": [{ "report": "sales", "dataset": dataset }], "lifetimeMinutes": minutes });
        let mut event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&body));
        let claims = json!({ "principalId": "user", "tenant": tenant, "email": "a@example" });
        event["requestContext"]["authorizer"] = json!({ "lambda": claims });
        app.send(event).await.status
    };
    assert_eq!(ask("contoso", "contoso-plan", 20).await, 200);
    assert_eq!(ask("contoso", "contoso-plan", 21).await, 429);
    assert_eq!(ask("fabrikam", "fabrikam-sales", 20).await, 200);
}

/// With a grant of a whole workspace, the list of the workspace decides what may be bound.
fn whole_workspace() -> Value {
    json!({
        "reports": { "r": { "name": "R", "workspaceId": ids::REPORTS_WORKSPACE, "reportId": ids::SALES_REPORT } },
        "datasets": {},
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "workspaces": [ids::CONTOSO_WORKSPACE] }] } },
    })
}

#[tokio::test]
async fn an_old_list_of_a_workspace_grants_nothing() {
    let app = TestApp::with_catalog(whole_workspace()).await;
    let ask = async |minutes: u64| {
        let binding = json!({ "report": "r", "dataset": ids::CONTOSO_PLAN });
        app.token("carl@contoso", json!({ "bindings": [binding], "lifetimeMinutes": minutes })).await.status
    };
    assert_eq!(ask(20).await, 200);
    for fault in [status(429), status(500), status(503)] {
        app.stack.powerbi().clear_faults();
        app.clock.advance(Duration::from_mins(11));
        app.stack.powerbi().fail("GET /v1.0/myorg/groups/*/datasets", fault, None);
        for minutes in [20, 21] {
            let status = ask(minutes).await;
            assert!(status >= 500, "{status}");
        }
    }
}

#[tokio::test]
async fn unknown_guids_cost_one_list() {
    let mut catalog = whole_workspace();
    catalog["tenants"]["contoso"]["grants"][0]["saveTo"] = json!(ids::CONTOSO_WORKSPACE);
    let app = TestApp::with_catalog(catalog).await;
    for number in 0..MANY {
        let guid = format!("00000000-0000-4000-8000-{number:012}");
        app.token("carl@contoso", view(&guid, ids::CONTOSO_PLAN)).await.assert_problem(403, "not-entitled");
    }
    let calls = app.upstream_calls();
    assert_eq!(count(&calls, "/reports"), 1, "{calls:?}");
}
