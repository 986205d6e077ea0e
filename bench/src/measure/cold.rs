//! From the start of a process to its first answer.

use std::path::Path;
use std::time::Duration;

use super::Plan;
use crate::Error;
use crate::event::Question;
use crate::lambda::{Environment, Variables};
use crate::process;
use crate::site::{Network, Site};
use crate::stats::{median, millis};
use crate::table::{Limit, Row, Table};
use crate::upstream::{Counts, Greeting};

const NEAR: Network = Network {
    delay: Duration::ZERO,
    tls: false,
    round_trip: Duration::ZERO,
    greeting: Greeting::Answers,
    federated: false,
};
const SLOW: Network = Network { delay: Duration::from_millis(50), ..NEAR };
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
    let what = "config: start → first answer, TLS, 20 ms away";
    let far = series(plan, FAR, Question::Config).await?;
    table.push(far.row(what.to_owned(), |start| start.answered).within(Limit::Figure(140.0)));
    push_counts(table, &far.counts);
    if plan.beside.is_none() {
        measure_federated(plan, table).await?;
    }
    Ok(())
}

/// A token of STS in the place of the secret: as many exchanges, and no more time.
async fn measure_federated(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let federated = |network| Network { federated: true, ..network };
    for (network, what, limit) in [
        (SLOW, "config: start → first answer, upstreams at 50 ms, federated credential", 165.0),
        (FAR, "config: start → first answer, TLS, 20 ms away, federated credential", 140.0),
    ] {
        let series = series(plan, federated(network), Question::Config).await?;
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
