//! What environments share through a table, and what they do without it.

mod failures;
mod sharing;

use acceptance::dynamodb::{SharedTables, TABLE, TOKEN_TABLE};
use acceptance::project;
use acceptance::test_app::{Answer, TestApp};
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

/// Asks in new environments until one has found all that it needs in the table, and returns its answer with the
/// operations that it took.
///
/// On a busy machine an answer of the table may take longer than the 50 ms for which anybody waits.
async fn from_the_store(app: &TestApp, ask: impl AsyncFn() -> Answer) -> (Answer, Vec<String>) {
    for _ in 0..30 {
        restart(app);
        let answer = ask().await;
        let calls = app.stack.log().all();
        if answer.status == 200 && calls.iter().all(|call| call.service == Service::DynamoDb) {
            let operation = |target: &str| target.rsplit('.').next().unwrap_or_default().to_owned();
            let targets = calls.iter().map(|call| call.header("x-amz-target").unwrap_or_default());
            // Writes may be those of an environment before.
            let reads = targets.map(operation).filter(|operation| operation != "PutItem");
            return (answer, reads.collect());
        }
    }
    panic!("no environment has found it in the table");
}

/// How many tokens Power BI was asked for since the last time of asking.
fn made(app: &TestApp) -> usize {
    app.token_requests().len()
}
