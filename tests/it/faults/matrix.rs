//! Compares each cell of the tables in `docs/faults.md` with what the functions do.

use std::panic::AssertUnwindSafe;

use acceptance::log_lines::LogLines;
use acceptance::project;
use futures_util::{FutureExt, StreamExt, stream};
use tracing::Level;

use super::cell::{CacheState, Cell};
use super::failure::{Failure, UPSTREAM_TEXT};
use super::route::Route;

/// Most of a cell's time is waiting.
const CONCURRENT_CELLS: usize = 24;

/// The outcome of every call for each failure, with the caches in one state.
///
/// The time limits are real. On a busy machine, an attempt may reach a time limit before it fails in the expected way. So a
/// cell that fails is run once more, when no other cell runs.
async fn outcomes(state: CacheState, has_store: bool, log: &LogLines) -> Vec<Vec<String>> {
    let of_failure = |failure| Route::ALL.map(|route| Cell { state, failure, route, has_store });
    let cells: Vec<_> = Failure::ALL.into_iter().flat_map(of_failure).collect();
    let run = async |cell: &Cell| AssertUnwindSafe(cell.run(log)).catch_unwind().await.ok();
    let first: Vec<_> = stream::iter(&cells).map(run).buffered(CONCURRENT_CELLS).collect().await;
    let mut outcomes = Vec::new();
    for (cell, outcome) in cells.iter().zip(first) {
        outcomes.push(match outcome {
            Some(outcome) => outcome,
            None => cell.run(log).await,
        });
    }
    outcomes.chunks(Route::ALL.len()).map(<[_]>::to_vec).collect()
}

/// Fails if a line repeats an upstream's text.
fn assert_no_upstream_text(log: &LogLines) {
    for line in log.take_texts() {
        assert!(!line.contains(UPSTREAM_TEXT), "the log repeats an upstream: {line}");
    }
}

/// Fails unless the table under `heading` has these columns and rows.
fn assert_documented(heading: &str, columns: &[String], rows: &[Vec<String>]) {
    let rows = Failure::ALL.iter().zip(rows).map(|(failure, cells)| row(failure.name(), cells));
    let table: Vec<_> = std::iter::once(row("", columns)).chain(rows).collect();
    assert!(table == documented(heading), "docs/faults.md, {heading}: the outcomes are\n{}", table.join("\n"));
}

fn names() -> Vec<String> {
    Route::ALL.iter().map(|route| format!("`{}`", route.name())).collect()
}

fn row(name: &str, cells: &[String]) -> String {
    without_padding(&format!("| {name} | {} |", cells.join(" | ")))
}

fn without_padding(row: &str) -> String {
    row.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of the document's table under a heading, without the line below the column names.
fn documented(heading: &str) -> Vec<String> {
    let text = project::text("docs/faults.md");
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|') && !line.starts_with("|-"));
    rows.map(without_padding).collect()
}

/// A cold environment and an environment that lacks only this value differ in `GetSecretValue`, which has two columns.
async fn assert_outcomes_without_an_old_value(has_store: bool) {
    let log = LogLines::at(Level::INFO);
    let cold = outcomes(CacheState::Cold, has_store, &log).await;
    let warm = outcomes(CacheState::OnlyThisMissing, has_store, &log).await;
    assert_no_upstream_text(&log);
    assert_eq!(Route::ALL[0], Route::GetSecretValue);
    let rows: Vec<_> = cold
        .into_iter()
        .zip(warm)
        .zip(Failure::ALL)
        .map(|((mut cells, warm), failure)| {
            assert_eq!(cells[1..], warm[1..], "{failure:?}: one table cannot show both states");
            cells.insert(1, warm[0].clone());
            cells
        })
        .collect();
    let mut columns = names();
    columns.splice(..1, ["`GetSecretValue`, cold", "`GetSecretValue`, rotated"].map(str::to_owned));
    assert_documented("Without an old value", &columns, &rows);
}

async fn assert_outcomes_with_an_old_value(has_store: bool) {
    let log = LogLines::at(Level::INFO);
    let rows = outcomes(CacheState::Stale, has_store, &log).await;
    assert_no_upstream_text(&log);
    assert_documented("With an old value", &names(), &rows);
}

#[tokio::test]
async fn outcomes_without_an_old_value_are_as_documented() {
    assert_outcomes_without_an_old_value(false).await;
}

#[tokio::test]
async fn outcomes_with_an_old_value_are_as_documented() {
    assert_outcomes_with_an_old_value(false).await;
}

/// A working token store changes neither an outcome nor a number of attempts.
#[tokio::test]
async fn outcomes_with_a_token_store_are_as_without_one() {
    assert_outcomes_without_an_old_value(true).await;
    assert_outcomes_with_an_old_value(true).await;
}
