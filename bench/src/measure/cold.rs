//! From the start of a process to its first answer.

use std::path::Path;
use std::time::Duration;

use super::Plan;
use crate::Error;
use crate::event::Question;
use crate::lambda::{Environment, Variables};
use crate::process;
use crate::site::{InDynamoDb, NO_DYNAMODB, Network, Site};
use crate::stats::{median, millis};
use crate::table::{Limit, Row, Table};
use crate::upstream::{Counts, Greeting};

const NEAR: Network = Network {
    delay: Duration::ZERO,
    tls: false,
    round_trip: Duration::ZERO,
    greeting: Greeting::Answers,
    dynamodb: NO_DYNAMODB,
};
const SLOW: Network = Network { delay: Duration::from_millis(50), ..NEAR };
/// Every upstream takes 30 ms, and the catalog is a table.
const TABLE: Network = Network {
    delay: Duration::from_millis(30),
    dynamodb: InDynamoDb { delay: Duration::from_millis(30), catalog: true, ..NO_DYNAMODB },
    ..NEAR
};
/// The store is near, and everything that it saves is far.
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
    for question in [Question::Token, Question::Config, Question::Datasets] {
        let function = question.function();
        let series = series(plan, NEAR, question).await?;
        table.push(series.row(format!("{function}: start → first poll"), |start| start.init).within(Limit::Ratio(0.6)));
        let answered =
            series.row(format!("{function}: start → first answer, upstreams at 0 ms"), |start| start.answered);
        table.push(if question == Question::Datasets { answered } else { answered.within(Limit::Ratio(1.2)) });
        table.push(series.row(format!("{function}: CPU of a cold start"), |start| start.cpu));
    }
    let what = "config: start → first answer, upstreams at 50 ms";
    let slow = series(plan, SLOW, Question::Config).await?;
    table.push(slow.row(what.to_owned(), |start| start.answered).within(Limit::Figure(165.0)));
    let what = "config: start → first answer, catalog in DynamoDB, everything at 30 ms";
    let table_series = series(plan, TABLE, Question::Config).await?;
    table.push(table_series.row(what.to_owned(), |start| start.answered).within(Limit::Figure(105.0)));
    for (where_is, catalog) in [("a file", false), ("DynamoDB", true)] {
        let network = Network { dynamodb: InDynamoDb { catalog, ..STORE.dynamodb }, ..STORE };
        let stored = series(plan, network, Question::Config).await?;
        let what = format!("config: start → first answer from the store at 5 ms, catalog in {where_is}");
        table.push(stored.row(what, |start| start.answered).within(Limit::Figure(25.0)));
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        let others = stored.counts.calls_beside_dynamodb() as f64;
        let what = format!("config: calls beside DynamoDB of that start, catalog in {where_is}");
        table.push(Row::new(what, "", others).within(Limit::Figure(0.0)));
    }
    let what = "config: start → first answer, TLS, 20 ms away";
    let far = series(plan, FAR, Question::Config).await?;
    table.push(far.row(what.to_owned(), |start| start.answered).within(Limit::Figure(140.0)));
    push_counts(table, &far.counts);
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

/// As many rounds as planned; those before, unmeasured, fill the page cache.
pub(super) async fn series(plan: &Plan, network: Network, question: Question) -> Result<Series, Error> {
    let site = Site::start(plan.network(network)).await?;
    let ours = plan.binary(question.function());
    let bare = plan.yardstick(network).await?;
    let mut series = Series { ours: Vec::new(), bare: Vec::new(), counts: Counts::default() };
    for round in 0..=plan.rounds {
        drop(site.upstreams.take_counts());
        let our_start = start(&ours, site.variables(), question).await?;
        series.counts = site.upstreams.take_counts();
        let bare_start = start(&bare.program, &bare.variables, question).await?;
        if round > 0 {
            series.ours.push(our_start);
            series.bare.push(bare_start);
        }
    }
    Ok(series)
}

async fn start(binary: &Path, variables: &Variables, question: Question) -> Result<Start, Error> {
    let mut environment = Environment::start(binary, variables).await?;
    let answer = environment.invoke(question.event(0)).await?;
    let cpu = millis(process::cpu_time(environment.pid())?);
    let init = millis(environment.init().await?);
    let answered = millis(answer.at - environment.started());
    environment.stop().await?;
    Ok(Start { init, answered, cpu })
}
