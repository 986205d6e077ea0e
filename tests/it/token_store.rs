//! The token store: what environments share through it, and how they work without it.

mod failures;
mod sharing;

use acceptance::dynamodb::{SharedTables, TABLE, TOKEN_TABLE};
use acceptance::project;
use acceptance::test_app::{Answer, TestApp};
use devstack::{Service, StackOptions};

/// An app whose functions share tokens through tables in memory.
async fn open(tables: &SharedTables, more: &[(&str, &str)]) -> TestApp {
    let mut options = StackOptions { table: Some(tables.router()), ..StackOptions::default() };
    let store = format!("dynamodb:{TOKEN_TABLE}");
    let variables = [("DYNABIND_TOKEN_STORE", store.as_str())].into_iter().chain(more.iter().copied());
    options.variables.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    TestApp::with(options).await
}

/// The same app, with the demo's catalog in a table.
async fn open_with_catalog_table(more: &[(&str, &str)]) -> (SharedTables, TestApp) {
    let tables = SharedTables::default().with_catalog(&project::json("devstack/demo/catalog.json"));
    let catalog = format!("dynamodb:{TABLE}");
    let variables: Vec<_> = [("DYNABIND_CATALOG", catalog.as_str())].into_iter().chain(more.iter().copied()).collect();
    let app = open(&tables, &variables).await;
    (tables, app)
}

/// Continues with new environments, and clears the log of calls.
fn restart(app: &TestApp) {
    app.stack.restart_functions().unwrap();
    app.stack.log().clear();
}

/// Repeats a request in new environments until one of them finds everything that it needs in the table. Returns the answer,
/// and the operations of that request.
///
/// On a busy machine, an answer of the table may take longer than the 50 ms for which a request waits.
async fn from_the_store(app: &TestApp, ask: impl AsyncFn() -> Answer) -> (Answer, Vec<String>) {
    for _ in 0..30 {
        restart(app);
        let answer = ask().await;
        let calls = app.stack.log().all();
        if answer.status == 200 && calls.iter().all(|call| call.service == Service::DynamoDb) {
            let operation = |target: &str| target.rsplit('.').next().unwrap_or_default().to_owned();
            let targets = calls.iter().map(|call| call.header("x-amz-target").unwrap_or_default());
            // Writes may come from a previous environment.
            let reads = targets.map(operation).filter(|operation| operation != "PutItem");
            return (answer, reads.collect());
        }
    }
    panic!("no environment has found its values in the table");
}

/// The number of token requests to Power BI since the last call of this function.
fn made(app: &TestApp) -> usize {
    app.token_requests().len()
}
