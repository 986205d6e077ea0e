//! What one environment has made, another one hands out.

use std::time::Duration;

use acceptance::dynamodb::{DynamoDb, DynamoDbFake, SharedTables, TOKEN_TABLE};
use acceptance::test_app::{TestApp, view};
use devstack::fake_tenant::ids;
use devstack::{Fault, Service};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{made, open, open_with_catalog_table, operations, restart};

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

async fn plan(app: &TestApp, user: &str) -> Value {
    app.token(user, view("sales", "contoso-plan")).await.ok()["tokenId"].clone()
}

/// With empty memory, nothing but the table is asked, and no other connection is opened.
#[tokio::test]
async fn a_new_environment_answers_with_calls_of_dynamodb_only() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let first = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let others = [Service::Entra, Service::PowerBi, Service::SecretsManager];
    let connections = || others.map(|service| app.stack.upstream(service).unwrap().opened_connections());
    let before = connections();

    restart(&app);
    let second = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(second, first);
    assert_eq!(operations(&app), ["GetItem", "GetItem"], "the token and the report");
    let token = app.token("ana@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(token["token"], first["configs"][0]["accessToken"]);
    assert_eq!(operations(&app), ["GetItem"]);
    assert_eq!(connections(), before);

    // What it has taken, it has in memory.
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(operations(&app), [""; 0]);
}

#[tokio::test]
async fn with_a_catalog_in_a_table_it_is_the_same() {
    let (_tables, app) = open_with_catalog_table(&[]).await;
    let first = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    restart(&app);
    let second = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    assert_eq!(second["tokenId"], first["tokenId"]);
    let operations = operations(&app);
    assert!(operations.len() <= 5, "{operations:?}");
    app.token("nils@northwind", view("sales", "contoso-plan")).await.assert_problem(403, "not-entitled");
    app.token("carl@contoso", view("ops", "contoso-plan")).await.assert_problem(403, "not-entitled");
}

/// The conditions are those of DynamoDB's language, as two other projects read it.
#[tokio::test]
async fn two_other_implementations_of_dynamodb_agree() {
    for fake in DynamoDbFake::ALL {
        let database = DynamoDb::start(fake).await;
        database.create_table(TOKEN_TABLE, "pk").await;
        let store = format!("dynamodb:{TOKEN_TABLE}");
        let url = database.url();
        let app =
            TestApp::with_variables(&[("DYNABIND_TOKEN_STORE", &store), ("AWS_ENDPOINT_URL_DYNAMODB", &url)]).await;
        // Their first answers are slow, and a store that is slow is left alone for a while.
        let mut shared = Vec::new();
        for _ in 0..20 {
            let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
            restart(&app);
            let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
            shared = app.upstream_calls();
            if shared.is_empty() {
                break;
            }
            app.clock.advance(Duration::from_secs(11));
        }
        assert!(shared.is_empty(), "{fake:?}: {shared:?}");
        // Renewals write over what is there, under a condition.
        app.clock.advance(minutes(50));
        let old = plan(&app, "carl@contoso").await;
        restart(&app);
        assert_eq!(plan(&app, "carl@contoso").await, old, "{fake:?}");
    }
}

#[tokio::test]
async fn callers_share_a_stored_token_only_where_everything_that_decides_it_is_equal() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let sales = async |user: &str| app.token(user, view("sales", "contoso-sales")).await.ok()["token"].clone();
    let anas = sales("ana@contoso").await;
    restart(&app);
    assert_ne!(sales("carl@contoso").await, anas, "an identity each");
    assert_eq!(made(&app), 1);
    restart(&app);
    assert_eq!(sales("ana@contoso").await, anas);
    let edit = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan", "mode": "edit" }] });
    let plan = app.token("ana@contoso", view("sales", "contoso-plan")).await.ok()["tokenId"].clone();
    restart(&app);
    assert_ne!(app.token("ana@contoso", edit).await.ok()["tokenId"], plan);
    let short = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan" }], "lifetimeMinutes": 30 });
    assert_ne!(app.token("ana@contoso", short).await.ok()["tokenId"], plan);
    assert_eq!(made(&app), 2);
}

#[tokio::test]
async fn fifty_environments_at_once_make_one_token() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    app.stack.powerbi().set_latency(Duration::from_millis(300));
    let mut requests = Vec::new();
    for _ in 0..50 {
        let mut request = Box::pin(plan(&app, "carl@contoso"));
        // With the first poll it has its environment.
        assert!(futures_util::poll!(&mut request).is_pending());
        requests.push(request);
        app.stack.restart_functions().unwrap();
    }
    let ids = join_all(requests).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(made(&app), 1);
}

#[tokio::test]
async fn one_environment_renews_and_the_others_hand_out_the_old_token_meanwhile() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let old = plan(&app, "carl@contoso").await;
    app.clock.advance(minutes(50));
    restart(&app);
    app.stack.powerbi().set_latency(Duration::from_millis(500));
    let winner = plan(&app, "carl@contoso");
    let others = async {
        // The winner's claim is in the table by now.
        while !tables.stored().iter().any(|item| item.get("claimed_until").is_some()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            app.stack.restart_functions().unwrap();
            seen.push(plan(&app, "carl@contoso").await);
        }
        seen
    };
    let (renewed, others) = futures_util::join!(winner, others);
    assert!(others.iter().all(|id| *id == old), "{others:?} {old}");
    assert_ne!(renewed, old);
    assert_eq!(made(&app), 1);
    assert_eq!(plan(&app, "carl@contoso").await, renewed, "who had the old one takes the new one next");
    assert_eq!(made(&app), 0);
}

#[tokio::test]
async fn what_comes_out_of_the_store_is_on_nobodys_budget() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let datasets = ["contoso-plan", "contoso-outlook"];
    for dataset in datasets {
        let _ = app.token("carl@contoso", view("sales", dataset)).await.ok();
    }
    let poor = open(&tables, &[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "1")]).await;
    for dataset in datasets {
        let answer = poor.token("carl@contoso", view("sales", dataset)).await;
        assert!([200, 429].contains(&answer.status));
    }
    restart(&app);
    for dataset in datasets {
        let _ = app.token("carl@contoso", view("sales", dataset)).await.ok();
    }
    assert_eq!(made(&app), 0);
}

/// A new environment has nothing in memory; the table has a token that is too old to be handed out in quiet times.
#[tokio::test]
async fn an_old_stored_token_bridges_an_outage() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let old = plan(&app, "carl@contoso").await;
    app.clock.advance(minutes(50));
    restart(&app);
    app.stack.powerbi().fail("*", Fault::HtmlBadGateway, None);
    assert_eq!(plan(&app, "carl@contoso").await, old);
    app.clock.advance(minutes(10));
    restart(&app);
    app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(502, "upstream-failed");
}

/// The list that opened the dataset decides a grant, and is as old in the table as in memory.
#[tokio::test]
async fn a_stored_list_that_decides_a_grant_is_not_used_after_its_time() {
    let tables = SharedTables::default();
    let mut catalog = acceptance::project::json("devstack/demo/catalog.json");
    catalog["tenants"]["contoso"]["grants"] = json!([{ "reports": ["sales"], "workspaces": [ids::CONTOSO_WORKSPACE] }]);
    let file = acceptance::dynamodb::file_of(&catalog);
    let place = format!("file:{}", file.path().display());
    let app = open(&tables, &[("DYNABIND_CATALOG", &place)]).await;
    let ask = async || app.token("carl@contoso", view("sales", ids::CONTOSO_PLAN)).await;
    let _ = ask().await.ok();
    restart(&app);
    app.stack.powerbi().fail("*", Fault::HtmlBadGateway, None);
    app.clock.advance(minutes(9));
    let _ = ask().await.ok();
    restart(&app);
    app.clock.advance(minutes(2));
    ask().await.assert_problem(502, "upstream-failed");
}

#[tokio::test]
async fn no_access_token_and_no_users_token_is_ever_stored() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    for (user, report, dataset) in [
        ("carl@contoso", "sales", "contoso-plan"),
        ("ana@contoso", "ops", "contoso-plan"),
        ("frida@fabrikam", "sales", "fabrikam-sales"),
    ] {
        let _ = app.config(user, view(report, dataset)).await.ok();
        let _ = app.datasets(user, "").await.ok();
    }
    let bearer: Vec<_> = app
        .stack
        .powerbi()
        .requests()
        .iter()
        .filter_map(|call| Some(call.header("authorization")?.trim_start_matches("Bearer ").to_owned()))
        .collect();
    let stored = tables.stored();
    assert!(stored.len() > 5 && !bearer.is_empty(), "{stored:?}");
    for item in &stored {
        let text = item.to_string();
        assert!(bearer.iter().all(|token| !text.contains(token)), "{text}");
        assert!(!text.contains(&app.stack.stored_secret()), "{text}");
        let names: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        let known = ["claimed_until", "expires_at", "pk", "subject", "value", "version"];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
        assert!(item["expires_at"]["N"].as_str().unwrap().parse::<u64>().unwrap() > 1_700_000_000);
    }

    let tables = SharedTables::default();
    let app = open(&tables, &[("DYNABIND_SCENARIO", "organization")]).await;
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let _ = app.datasets("carl@contoso", "").await.ok();
    assert!(tables.stored().is_empty() && operations_of_table(&app) == 0);
}

fn operations_of_table(app: &TestApp) -> usize {
    app.stack.upstream(Service::DynamoDb).unwrap().requests().len()
}
