//! Tokens that one environment has made are returned by others.

use std::time::Duration;

use acceptance::dynamodb::{DynamoDb, DynamoDbFake, SharedTables, TOKEN_TABLE};
use acceptance::environment::Environment;
use acceptance::project;
use acceptance::slow_time::slowly;
use acceptance::test_app::{TestApp, view};
use devstack::fake_tenant::ids;
use devstack::{Fault, Service, Stack, StackOptions};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{from_the_store, made, open, open_with_catalog_table, restart};

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

async fn plan(app: &TestApp, user: &str) -> Value {
    app.token(user, view("sales", "contoso-plan")).await.ok()["tokenId"].clone()
}

/// A new environment, which has empty memory, calls only DynamoDB, and opens no other connection.
#[tokio::test]
async fn a_new_environment_answers_with_calls_of_dynamodb_only() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let config = async || app.config("carl@contoso", view("sales", "contoso-plan")).await;
    let _ = config().await.ok();
    let (first, operations) = from_the_store(&app, config).await;
    assert_eq!(operations, ["GetItem", "GetItem"], "the token and the report");
    // The values from the table are now in memory.
    app.stack.log().clear();
    let again = config().await.ok();
    assert_eq!((&again["tokenId"], app.upstream_calls().len()), (&first.body["tokenId"], 0));

    let others = [Service::Entra, Service::PowerBi, Service::SecretsManager];
    let connections = || others.map(|service| app.stack.upstream(service).unwrap().opened_connections());
    let before = connections();
    let token = async || app.token("ana@contoso", view("sales", "contoso-plan")).await;
    let (second, operations) = from_the_store(&app, token).await;
    assert_eq!(operations, ["GetItem"]);
    // If the table was too slow on a busy machine, another token was made and connections were opened.
    let is_quiet = second.body["token"] == again["configs"][0]["accessToken"];
    assert_eq!(connections() == before, is_quiet);
}

#[tokio::test]
async fn a_new_environment_with_a_catalog_in_a_table_calls_only_dynamodb() {
    let (_tables, app) = open_with_catalog_table(&[]).await;
    let config = async || app.config("carl@contoso", view("sales", "contoso-plan")).await;
    let _ = config().await.ok();
    let (_, operations) = from_the_store(&app, config).await;
    assert_eq!(operations, ["GetItem", "GetItem", "GetItem"], "tenant with entries, token and report");
    app.token("nils@northwind", view("sales", "contoso-plan")).await.assert_problem(403, "not-entitled");
    app.token("carl@contoso", view("ops", "contoso-plan")).await.assert_problem(403, "not-entitled");
}

/// Two emulators of DynamoDB accept the conditions of writes.
#[tokio::test]
async fn tokens_are_shared_through_both_emulators_of_dynamodb() {
    for fake in DynamoDbFake::ALL {
        let database = DynamoDb::start(fake).await;
        database.create_table(TOKEN_TABLE, "pk").await;
        let store = format!("dynamodb:{TOKEN_TABLE}");
        let url = database.url();
        let app =
            TestApp::with_variables(&[("DYNABIND_TOKEN_STORE", &store), ("AWS_ENDPOINT_URL_DYNAMODB", &url)]).await;
        let token = async || app.token("carl@contoso", view("sales", "contoso-plan")).await;
        let _ = token().await.ok();
        let _ = from_the_store(&app, token).await;
        // Renewals overwrite the item under a condition.
        app.clock.advance(minutes(50));
        let (renewed, _) = {
            restart(&app);
            let _ = token().await.ok();
            from_the_store(&app, token).await
        };
        assert!(renewed.body["lifetimeSeconds"].as_u64().unwrap() > 600, "{fake:?}: {:#}", renewed.body);
    }
}

#[tokio::test]
async fn callers_share_a_stored_token_only_where_everything_that_decides_it_is_equal() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let sales = async |user: &str| app.token(user, view("sales", "contoso-sales")).await;
    let anas = sales("ana@contoso").await.ok()["token"].clone();
    restart(&app);
    assert_ne!(sales("carl@contoso").await.ok()["token"], anas, "each caller has an identity");
    let (stored, _) = from_the_store(&app, async || sales("ana@contoso").await).await;
    assert_ne!(stored.body["token"], sales("carl@contoso").await.ok()["token"]);

    let plan = async || app.token("ana@contoso", view("sales", "contoso-plan")).await;
    let _ = plan().await.ok();
    let (plan, _) = from_the_store(&app, plan).await;
    let edit = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan", "mode": "edit" }] });
    let short = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan" }], "lifetimeMinutes": 30 });
    for other in [edit, short] {
        restart(&app);
        assert_ne!(app.token("ana@contoso", other).await.ok()["tokenId"], plan.body["tokenId"]);
        assert_eq!(made(&app), 1);
    }
}

/// Fifty environments, as in the peak of a morning.
#[tokio::test]
async fn fifty_environments_that_start_at_once_make_one_token() {
    let (_tables, app) = open_with_catalog_table(&[]).await;
    let mut requests = Vec::new();
    for _ in 0..50 {
        let mut request = Box::pin(plan(&app, "carl@contoso"));
        // The first poll gives the request its environment.
        assert!(futures_util::poll!(&mut request).is_pending());
        requests.push(request);
        app.stack.restart_functions().unwrap();
    }
    let ids = slowly(join_all(requests)).await;
    assert_eq!(made(&app), 1, "{ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// Five processes of the function's binary need the same token, in real time. Each has made another token before, because
/// the first request of a program that is not optimized takes longer than the time limit of the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_need_a_token_at_once_make_one() {
    let binary = tokio::task::spawn_blocking(|| project::binary("token")).await.unwrap();
    for attempt in 1.. {
        // Processes have the real clock, so the stack has it too.
        let mut options = StackOptions { table: Some(SharedTables::default().router()), ..StackOptions::default() };
        options.variables.insert("DYNABIND_TOKEN_STORE".to_owned(), format!("dynamodb:{TOKEN_TABLE}"));
        let stack = Stack::start(options).await.unwrap();
        stack.powerbi().set_latency(Duration::from_millis(300));
        let start = |_| Environment::start_binary(&binary, "token", stack.variables());
        let processes = join_all((0..5).map(start)).await;
        let event = |minutes: usize| {
            let body =
                json!({ "lifetimeMinutes": minutes, "bindings": [{ "report": "sales", "dataset": "contoso-plan" }] });
            stack.event("POST", "/token", Some("carl@contoso"), Some(&body)).to_string()
        };
        for (number, process) in processes.iter().enumerate() {
            process.invoke(event(30 + number).into()).await.unwrap();
        }
        stack.log().clear();
        let event = event(45);
        let answers = join_all(processes.iter().map(|process| process.invoke(event.clone().into()))).await;
        let ids: Vec<_> = answers.into_iter().map(|answer| token_id(&answer.unwrap().payload)).collect();
        let made = stack.log().all().iter().filter(|call| call.path.ends_with("GenerateToken")).count();
        if made == 1 && ids.iter().all(|id| *id == ids[0]) {
            return;
        }
        // A busy machine may be too slow for the table's 50 ms; then environments continue without it.
        let lines: Vec<_> = processes.iter().flat_map(Environment::request_lines).collect();
        assert!(attempt < 20, "{made} tokens: {lines:#?}");
    }
}

fn token_id(payload: &[u8]) -> Value {
    let answer: Value = serde_json::from_slice(payload).unwrap();
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    body["tokenId"].clone()
}

#[tokio::test]
async fn one_environment_renews_and_the_others_return_the_old_token_meanwhile() {
    for attempt in 1.. {
        let tables = SharedTables::default();
        let app = open(&tables, &[]).await;
        let old = plan(&app, "carl@contoso").await;
        app.clock.advance(minutes(50));
        restart(&app);
        app.stack.powerbi().set_latency(Duration::from_millis(700));
        let winner = plan(&app, "carl@contoso");
        let others = async {
            // At this time, one environment has claimed the token.
            tokio::time::sleep(Duration::from_millis(200)).await;
            app.stack.restart_functions().unwrap();
            [plan(&app, "carl@contoso").await, plan(&app, "carl@contoso").await]
        };
        let (renewed, others) = futures_util::join!(winner, others);
        let made = made(&app);
        if made == 1 && others.iter().all(|id| *id == old) && renewed != old {
            return;
        }
        assert!(attempt < 10, "{made} tokens: {old} {renewed} {others:?}");
    }
}

/// Each function has a separate environment. Tokens that another environment has made do not count against the caller's
/// budget.
#[tokio::test]
async fn tokens_from_the_store_do_not_count_against_a_budget() {
    slowly(one_budget_and_two_functions()).await;
}

async fn one_budget_and_two_functions() {
    let tables = SharedTables::default();
    let app = open(&tables, &[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "1")]).await;
    let token = async |dataset: &str| app.token("ana@contoso", view("sales", dataset)).await;
    let _ = token("contoso-plan").await.ok();
    token("contoso-sales").await.assert_problem(429, "too-many-requests");
    let _ = app.config("ana@contoso", view("sales", "contoso-sales")).await.ok();
    // The token is in the store, and less than a minute has passed.
    let _ = token("contoso-sales").await.ok();
    assert_eq!(made(&app), 2);
}

/// A new environment has empty memory. The table has a token that is so old that it is returned only during an outage.
#[tokio::test]
async fn an_old_stored_token_bridges_an_outage() {
    let tables = SharedTables::default();
    let app = open(&tables, &[]).await;
    let token = async || app.token("carl@contoso", view("sales", "contoso-plan")).await;
    let _ = token().await.ok();
    let (old, _) = from_the_store(&app, token).await;
    app.clock.advance(minutes(50));
    app.stack.powerbi().fail("*", Fault::HtmlBadGateway, None);
    let mut answers = Vec::new();
    for _ in 0..10 {
        restart(&app);
        answers.push(token().await);
        app.clock.advance(Duration::from_secs(11));
    }
    let bridged = answers.iter().find(|answer| answer.status == 200).expect("the old token");
    assert_eq!(bridged.body["tokenId"], old.body["tokenId"]);
    app.clock.advance(minutes(10));
    restart(&app);
    token().await.assert_problem(502, "upstream-failed");
}

/// The list that opens the dataset decides a grant. Its maximum age is the same in the table as in memory.
#[tokio::test]
async fn a_stored_list_that_decides_a_grant_is_not_used_after_its_time() {
    let tables = SharedTables::default();
    let mut catalog = project::json("devstack/demo/catalog.json");
    catalog["tenants"]["contoso"]["grants"] = json!([{ "reports": ["sales"], "workspaces": [ids::CONTOSO_WORKSPACE] }]);
    let file = acceptance::dynamodb::file_of(&catalog);
    let place = format!("file:{}", file.path().display());
    let app = open(&tables, &[("DYNABIND_CATALOG", &place)]).await;
    let ask = async || app.token("carl@contoso", view("sales", ids::CONTOSO_PLAN)).await;
    let _ = ask().await.ok();
    let (_, operations) = from_the_store(&app, ask).await;
    assert_eq!(operations, ["GetItem", "GetItem"], "the list and the token");
    app.clock.advance(minutes(9));
    app.stack.powerbi().fail("*", Fault::HtmlBadGateway, None);
    let _ = from_the_store(&app, ask).await;
    app.clock.advance(minutes(2));
    for _ in 0..3 {
        restart(&app);
        ask().await.assert_problem(502, "upstream-failed");
    }
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
    let calls = app.stack.powerbi().requests();
    let bearer = calls.iter().filter_map(|call| Some(call.header("authorization")?.trim_start_matches("Bearer ")));
    let bearer: Vec<_> = bearer.collect();
    let stored = tables.stored();
    assert!(!stored.is_empty() && !bearer.is_empty(), "{stored:?}");
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
    assert!(tables.stored().is_empty());
    assert!(app.stack.upstream(Service::DynamoDb).unwrap().requests().is_empty());
}
