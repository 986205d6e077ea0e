//! Cold starts: the time from the start of a process to its first answer.

use std::path::Path;
use std::time::Duration;

use super::Plan;
use crate::Error;
use crate::event::Route;
use crate::process;
use crate::stats::{median, millis};
use crate::table::{Limit, Row, Table};
use crate::testbed::{InDynamoDb, NO_DYNAMODB, Network, Testbed, Variables, start_environment};
use crate::upstream::{Counts, Greeting};

const NEAR: Network = Network {
    delay: Duration::ZERO,
    tls: false,
    round_trip: Duration::ZERO,
    greeting: Greeting::Answers,
    dynamodb: NO_DYNAMODB,
    federated: false,
};
const SLOW: Network = Network { delay: Duration::from_millis(50), ..NEAR };
/// Every upstream takes 30 ms, and the catalog is a table.
const TABLE: Network = Network {
    delay: Duration::from_millis(30),
    dynamodb: InDynamoDb { delay: Duration::from_millis(30), catalog: true, ..NO_DYNAMODB },
    ..NEAR
};
/// DynamoDB is fast, and the upstreams whose calls the store saves are slow.
const STORE: Network = Network {
    delay: Duration::from_millis(300),
    dynamodb: InDynamoDb { delay: Duration::from_millis(5), store: true, ..NO_DYNAMODB },
    ..NEAR
};
pub(super) const FAR: Network = Network { tls: true, round_trip: Duration::from_millis(20), ..NEAR };

/// One cold start.
pub(super) struct Start {
    init: f64,
    pub(super) answered: f64,
    cpu: f64,
}

/// Cold starts of a function, and of the bare function in between.
pub(super) struct Series {
    ours: Vec<Start>,
    bare: Vec<Start>,
    counts: Counts,
}

impl Series {
    pub(super) fn row(&self, what: String, of: fn(&Start) -> f64) -> Row {
        let middle = |starts: &[Start]| median(&starts.iter().map(of).collect::<Vec<_>>());
        Row::new(what, "ms", middle(&self.ours)).beside(middle(&self.bare))
    }
}

pub(super) async fn measure(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    for route in [Route::Token, Route::Config, Route::Datasets] {
        let function = route.function();
        let series = series(plan, NEAR, route).await?;
        table.push(series.row(format!("{function}: start → first poll"), |start| start.init).within(Limit::Ratio(0.6)));
        let answered =
            series.row(format!("{function}: start → first answer, upstreams at 0 ms"), |start| start.answered);
        table.push(if route == Route::Datasets { answered } else { answered.within(Limit::Ratio(1.2)) });
        table.push(series.row(format!("{function}: CPU of a cold start"), |start| start.cpu));
    }
    let what = "config: start → first answer, upstreams at 50 ms";
    let slow = series(plan, SLOW, Route::Config).await?;
    table.push(slow.row(what.to_owned(), |start| start.answered).within(Limit::Figure(165.0)));
    let what = "config: start → first answer, catalog in DynamoDB, everything at 30 ms";
    let table_series = series(plan, TABLE, Route::Config).await?;
    table.push(table_series.row(what.to_owned(), |start| start.answered).within(Limit::Figure(105.0)));
    for (where_is, catalog) in [("a file", false), ("DynamoDB", true)] {
        let network = Network { dynamodb: InDynamoDb { catalog, ..STORE.dynamodb }, ..STORE };
        let stored = series(plan, network, Route::Config).await?;
        let what = format!("config: start → first answer from the store at 5 ms, catalog in {where_is}");
        table.push(stored.row(what, |start| start.answered).within(Limit::Figure(25.0)));
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let others = stored.counts.calls_beside_dynamodb() as f64;
        let what = format!("config: calls beside DynamoDB of that start, catalog in {where_is}");
        table.push(Row::new(what, "", others).within(Limit::Figure(0.0)));
    }
    let what = "config: start → first answer, TLS, 20 ms away";
    let far = series(plan, FAR, Route::Config).await?;
    table.push(far.row(what.to_owned(), |start| start.answered).within(Limit::Figure(140.0)));
    push_counts(table, &far.counts);
    if plan.beside.is_none() {
        measure_federated(plan, table).await?;
    }
    Ok(())
}

/// A token of STS instead of the secret. It needs as many exchanges, and must not take longer.
async fn measure_federated(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let federated = |network| Network { federated: true, ..network };
    for (network, what, limit) in [
        (SLOW, "config: start → first answer, upstreams at 50 ms, federated credential", 165.0),
        (FAR, "config: start → first answer, TLS, 20 ms away, federated credential", 140.0),
    ] {
        let series = series(plan, federated(network), Route::Config).await?;
        table.push(series.row(what.to_owned(), |start| start.answered).within(Limit::Figure(limit)));
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn push_counts(table: &mut Table, counts: &Counts) {
    let calls = counts.all_calls() as f64;
    table.push(Row::new("config: upstream calls of a cold start", "", calls).within(Limit::Figure(4.0)));
    for (service, connections) in &counts.connections {
        let what = format!("config: connections to {service:?} of a cold start");
        table.push(Row::new(what, "", *connections as f64));
    }
}

/// Runs the planned number of rounds. Before them, one round fills the page cache and is not measured.
pub(super) async fn series(plan: &Plan, network: Network, route: Route) -> Result<Series, Error> {
    let testbed = Testbed::start(plan.network(network)).await?;
    let ours = plan.binary(route.function());
    let bare = plan.baseline(network).await?;
    let mut series = Series { ours: Vec::new(), bare: Vec::new(), counts: Counts::default() };
    for round in 0..=plan.rounds {
        drop(testbed.upstreams.take_counts());
        let our_start = start(&ours, testbed.variables(), route).await?;
        series.counts = testbed.upstreams.take_counts();
        let bare_start = start(&bare.program, &bare.variables, route).await?;
        if round > 0 {
            series.ours.push(our_start);
            series.bare.push(bare_start);
        }
    }
    Ok(series)
}

async fn start(binary: &Path, variables: &Variables, route: Route) -> Result<Start, Error> {
    let environment = start_environment(binary, variables).await?;
    let answer = environment.invoke(route.event(0)).await?;
    let cpu = millis(process::cpu_time(environment.pid())?);
    let init = millis(environment.init().await?);
    let answered = millis(answer.at - environment.started());
    environment.stop().await?;
    Ok(Start { init, answered, cpu })
}
