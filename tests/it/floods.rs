//! Callers cannot use Dynabind to flood Entra or Power BI.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::front_door::{FrontDoor, view};
use devstack::Fault;
use devstack::world::ids;
use serde_json::{Value, json};

const MANY: usize = 20;

fn status(status: u16) -> Fault {
    Fault::json(status, &json!({ "error": {} }))
}

fn count(calls: &[String], what: &str) -> usize {
    calls.iter().filter(|call| call.contains(what)).count()
}

async fn list(door: &FrontDoor, user: &str) -> Vec<String> {
    for _ in 0..MANY {
        let _ = door.datasets(user, "").await.ok();
    }
    door.upstream_calls()
}

#[tokio::test]
async fn a_broken_entry_is_looked_up_once_in_half_a_minute() {
    let door = FrontDoor::open().await;
    // The auditors' list has a deleted report and a deleted dataset.
    let first = list(&door, "quinn@contoso").await;
    let missing = count(&first, ids::MISSING_REPORT);
    assert_eq!(missing, 1, "{first:?}");
    assert_eq!(list(&door, "quinn@contoso").await, [""; 0]);
    door.clock.advance(Duration::from_secs(31));
    assert_eq!(count(&list(&door, "quinn@contoso").await, ids::MISSING_REPORT), 1);
}

#[tokio::test]
async fn a_list_costs_one_call_for_each_workspace_and_none_for_each_dataset() {
    let door = FrontDoor::open().await;
    let calls = list(&door, "quinn@contoso").await;
    assert_eq!(count(&calls, "/datasets/"), 0, "{calls:?}");
    assert_eq!(count(&calls, "/datasets"), 2, "{calls:?}");
}

#[tokio::test]
async fn a_failed_look_up_is_kept_for_half_a_minute() {
    let door = FrontDoor::open().await;
    let powerbi = door.stack.powerbi();
    powerbi.fail("GET /v1.0/myorg/groups/*/reports/*", status(403), None);
    for _ in 0..MANY {
        assert_eq!(door.config("carl@contoso", view("sales", "contoso-plan")).await.status, 502);
    }
    assert_eq!(count(&door.upstream_calls(), "/reports/"), 1);
    powerbi.clear_faults();
    door.clock.advance(Duration::from_secs(31));
    assert_eq!(door.config("carl@contoso", view("sales", "contoso-plan")).await.status, 200);
}

/// With or without a named cause, for look-ups and for tokens.
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
        let door = FrontDoor::open().await;
        door.stack.powerbi().fail(route, fault.clone(), None);
        for _ in 0..MANY {
            door.clock.advance(Duration::from_secs(1));
            let _ = door.datasets("quinn@contoso", "").await;
            let _ = door.token("carl@contoso", view("sales", "contoso-plan")).await;
        }
        // One for each of the two functions, and one after the refusal.
        let calls = door.upstream_calls();
        assert_eq!(count(&calls, "EntraToken"), 3, "{route}: {calls:?}");
    }
}

/// A page that asks with ever new tokens which Entra refuses.
#[tokio::test]
async fn refused_exchanges_on_behalf_of_a_user_count_against_the_callers_budget() {
    let variables = [("DYNABIND_SCENARIO", "organization"), ("DYNABIND_FRESH_TOKENS_PER_MINUTE", "3")];
    let door = FrontDoor::with_variables(&variables).await;
    let ask = async |user: &str, number: usize| {
        let mut event = door.stack.event("POST", "/token", Some(user), Some(&view("sales", "contoso-plan")));
        event["headers"]["authorization"] = json!(format!("Bearer not-a-token-{number}"));
        door.send(event).await
    };
    for number in 0..MANY {
        let answer = ask("carl@contoso", number).await;
        assert_eq!(answer.status, if number < 3 { 401 } else { 429 }, "{number}: {:#}", answer.body);
    }
    ask("carl@contoso", MANY).await.assert_problem(429, "too-many-requests");
    assert_eq!(count(&door.upstream_calls(), "EntraToken"), 3);
    assert_eq!(ask("ana@contoso", 0).await.status, 401, "another caller has a budget of its own");
}

/// Many authorizers give every caller the same `sub`.
#[tokio::test]
async fn tenants_share_no_budget_where_they_share_a_subject() {
    let door = FrontDoor::with_variables(&[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "1")]).await;
    let ask = async |tenant: &str, dataset: &str, minutes: u32| {
        let body = json!({ "bindings": [{ "report": "sales", "dataset": dataset }], "lifetimeMinutes": minutes });
        let mut event = door.stack.event("POST", "/token", Some("carl@contoso"), Some(&body));
        let claims = json!({ "principalId": "user", "tenant": tenant, "email": "a@example" });
        event["requestContext"]["authorizer"] = json!({ "lambda": claims });
        door.send(event).await.status
    };
    assert_eq!(ask("contoso", "contoso-plan", 20).await, 200);
    assert_eq!(ask("contoso", "contoso-plan", 21).await, 429);
    assert_eq!(ask("fabrikam", "fabrikam-sales", 20).await, 200);
}

/// A grant of a whole workspace, which decides what may be bound.
fn whole_workspace() -> Value {
    json!({
        "reports": { "r": { "name": "R", "workspaceId": ids::REPORTS_WORKSPACE, "reportId": ids::SALES_REPORT } },
        "datasets": {},
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "workspaces": [ids::CONTOSO_WORKSPACE] }] } },
    })
}

#[tokio::test]
async fn an_old_list_of_a_workspace_grants_nothing() {
    let door = FrontDoor::with_catalog(whole_workspace()).await;
    let ask = async |minutes: u64| {
        let binding = json!({ "report": "r", "dataset": ids::CONTOSO_PLAN });
        door.token("carl@contoso", json!({ "bindings": [binding], "lifetimeMinutes": minutes })).await.status
    };
    assert_eq!(ask(20).await, 200);
    for fault in [status(429), status(500), status(503)] {
        door.stack.powerbi().clear_faults();
        door.clock.advance(Duration::from_mins(11));
        door.stack.powerbi().fail("GET /v1.0/myorg/groups/*/datasets", fault, None);
        for minutes in [20, 21] {
            let status = ask(minutes).await;
            assert!(status >= 500, "{status}");
        }
    }
}

#[tokio::test]
async fn guids_that_nobody_has_saved_cost_one_list() {
    let mut catalog = whole_workspace();
    catalog["tenants"]["contoso"]["grants"][0]["saveTo"] = json!(ids::CONTOSO_WORKSPACE);
    let door = FrontDoor::with_catalog(catalog).await;
    for number in 0..MANY {
        let guid = format!("00000000-0000-4000-8000-{number:012}");
        door.token("carl@contoso", view(&guid, ids::CONTOSO_PLAN)).await.assert_problem(403, "not-entitled");
    }
    let calls = door.upstream_calls();
    assert_eq!(count(&calls, "/reports"), 1, "{calls:?}");
}
