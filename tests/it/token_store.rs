//! What environments share through a table, and what they do without it.

mod failures;
mod sharing;

use acceptance::dynamodb::{SharedTables, TABLE, TOKEN_TABLE};
use acceptance::project;
use acceptance::test_app::TestApp;
use devstack::{Service, StackOptions};

/// An app whose functions share tokens in tables of memory.
async fn open(tables: &SharedTables, more: &[(&str, &str)]) -> TestApp {
    let mut options = StackOptions { table: Some(tables.router()), ..StackOptions::default() };
    let store = format!("dynamodb:{TOKEN_TABLE}");
    let variables = [("DYNABIND_TOKEN_STORE", store.as_str())].into_iter().chain(more.iter().copied());
    options.variables.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    TestApp::with(options).await
}

/// The same with the demo's catalog in a table.
async fn open_with_catalog_table(more: &[(&str, &str)]) -> (SharedTables, TestApp) {
    let tables = SharedTables::default().with_catalog(&project::json("devstack/demo/catalog.json"));
    let catalog = format!("dynamodb:{TABLE}");
    let variables: Vec<_> = [("DYNABIND_CATALOG", catalog.as_str())].into_iter().chain(more.iter().copied()).collect();
    let app = open(&tables, &variables).await;
    (tables, app)
}

/// Goes on with new environments, and forgets the calls of the old ones.
fn restart(app: &TestApp) {
    app.stack.restart_functions().unwrap();
    app.stack.log().clear();
}

/// The DynamoDB operations since the last time of asking. Fails if another service was called.
#[track_caller]
fn operations(app: &TestApp) -> Vec<String> {
    let calls = app.stack.log().all();
    app.stack.log().clear();
    let others: Vec<_> = calls.iter().filter(|call| call.service != Service::DynamoDb).map(|call| &call.path).collect();
    assert!(others.is_empty(), "{others:?}");
    let operation = |target: &str| target.rsplit('.').next().unwrap_or_default().to_owned();
    calls.iter().map(|call| operation(call.header("x-amz-target").unwrap_or_default())).collect()
}

/// How many tokens Power BI was asked for since the last time of asking.
fn made(app: &TestApp) -> usize {
    app.token_requests().len()
}
