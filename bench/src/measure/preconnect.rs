//! Cold starts with hosts that treat early connections in different ways.

use std::time::Duration;

use http::StatusCode;

use super::Plan;
use super::cold::{FAR, series};
use crate::Error;
use crate::event::Route;
use crate::table::{Limit, Table};
use crate::testbed::Network;
use crate::upstream::Greeting;

/// If every early connection is lost, a cold start takes nine round trips of 20 ms, the same as without early connections.
const LOST: Limit = Limit::Figure(210.0);

const KEPT: Limit = Limit::Figure(140.0);

pub(super) async fn measure(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    for (greeting, what, limit) in [
        (Greeting::Answers, "HEAD / answered at once", KEPT),
        (Greeting::AnswersAfter(Duration::from_millis(300)), "HEAD / answered after 300 ms", KEPT),
        (Greeting::Refuses(StatusCode::NOT_FOUND), "HEAD / answered with 404", KEPT),
        (Greeting::Refuses(StatusCode::FORBIDDEN), "HEAD / answered with 403", KEPT),
        (Greeting::Refuses(StatusCode::FOUND), "HEAD / answered with a redirect", KEPT),
        (Greeting::Closes, "HEAD / answered by closing", KEPT),
        (Greeting::ClosesUnused(Duration::from_millis(5)), "unused connections closed after 5 ms", LOST),
    ] {
        let series = series(plan, Network { greeting, ..FAR }, Route::Config).await?;
        let what = format!("config: first answer, TLS, 20 ms away, {what}");
        table.push(series.row(what, |start| start.answered).within(limit));
    }
    Ok(())
}
