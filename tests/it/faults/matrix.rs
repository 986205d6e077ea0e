//! The matrix of `docs/faults.md`, cell by cell.

use std::collections::BTreeMap;

use acceptance::log_lines::LogLines;
use acceptance::project;
use futures_util::{StreamExt, stream};
use tracing::Level;

use super::cell::{Cell, State};
use super::failure::{Failure, TOLD};
use super::route::Route;

/// Most of a cell's time is waiting.
const AT_ONCE: usize = 24;

/// Plays every cell of a state, and holds the table under `heading` against what was seen.
async fn hold(state: State, heading: &str) {
    play(state, heading, false).await;
}

async fn play(state: State, heading: &str, has_store: bool) {
    let log = LogLines::at(Level::INFO);
    let cells =
        Failure::ALL.into_iter().flat_map(|failure| Route::ALL.map(|route| Cell { state, failure, route, has_store }));
    let play = async |(place, cell): (usize, Cell)| (place, cell.play(&log).await);
    let played = stream::iter(cells.enumerate()).map(play).buffer_unordered(AT_ONCE);
    let seen: Vec<_> = played.collect::<BTreeMap<_, _>>().await.into_values().collect();
    for line in log.take_texts() {
        assert!(!line.contains(TOLD), "the log repeats an upstream: {line}");
    }
    let rows = Failure::ALL.iter().zip(seen.chunks(Route::ALL.len()));
    let rows = rows.map(|(failure, seen)| row(failure.name(), seen));
    let names: Vec<_> = Route::ALL.iter().map(|route| format!("`{}`", route.name())).collect();
    let table: Vec<_> = std::iter::once(row("", &names)).chain(rows).collect();
    let written = written(heading);
    assert!(table == written, "docs/faults.md, {heading}: this was seen\n{}", table.join("\n"));
}

fn row(name: &str, cells: &[String]) -> String {
    without_padding(&format!("| {name} | {} |", cells.join(" | ")))
}

fn without_padding(row: &str) -> String {
    row.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of the document's table under a heading, without the line below its head.
fn written(heading: &str) -> Vec<String> {
    let text = project::text("docs/faults.md");
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|') && !line.starts_with("|-"));
    rows.map(without_padding).collect()
}

#[tokio::test]
async fn with_nothing_at_hand() {
    hold(State::Cold, "Cold").await;
}

#[tokio::test]
async fn with_everything_but_this_answer_at_hand() {
    hold(State::Warm, "Only this value missing").await;
}

#[tokio::test]
async fn with_an_old_answer_at_hand() {
    hold(State::Kept, "With an old value").await;
}

/// A store that works changes no ending, and no number of attempts.
#[tokio::test]
async fn with_a_token_store() {
    play(State::Cold, "Cold", true).await;
    play(State::Kept, "With an old value", true).await;
}
