//! Requests to an environment that has served some.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::Plan;
use crate::Error;
use crate::event::Question;
use crate::lambda::{Environment, Variables, now};
use crate::process;
use crate::processor::Apart;
use crate::site::{Network, Site};
use crate::stats::{median, millis, percentile};
use crate::table::{Limit, Row, Table};
use crate::upstream::Greeting;

const NETWORK: Network = Network {
    delay: Duration::ZERO,
    tls: true,
    round_trip: Duration::ZERO,
    greeting: Greeting::Answers,
    federated: false,
};

/// Requests before those that are measured.
const WARM_UP: usize = 100;
/// Requests of each block.
const BLOCK: usize = 500;
/// Blocks of each function, in turns.
const BLOCKS: usize = 7;

/// An environment and what was measured of it.
struct Subject {
    environment: Environment,
    question: Question,
    /// Whether each request comes from a user who has not asked before.
    fresh: bool,
    users: usize,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
}

impl Subject {
    async fn start(
        apart: &Apart,
        program: &Path,
        variables: &Variables,
        asks: (Question, bool),
    ) -> Result<Self, Error> {
        let environment = Environment::start(program, variables).await?;
        apart.move_away(environment.pid())?;
        let (question, fresh) = asks;
        let (p50, p99, cpu) = (Vec::new(), Vec::new(), Vec::new());
        let mut subject = Self { environment, question, fresh, users: 0, p50, p99, cpu };
        subject.ask(WARM_UP).await?;
        Ok(subject)
    }

    fn next_users(&mut self, count: usize) -> Range<usize> {
        let first = self.users;
        self.users += count;
        first..self.users
    }

    async fn ask(&mut self, count: usize) -> Result<Vec<f64>, Error> {
        let (question, fresh) = (self.question, self.fresh);
        let users = self.next_users(count);
        let events: Vec<_> = users.map(|user| question.event(if fresh { user } else { 0 })).collect();
        let mut times = Vec::with_capacity(count);
        for event in events {
            let asked = now();
            times.push(millis(self.environment.invoke(event).await?.at - asked));
        }
        Ok(times)
    }

    async fn block(&mut self) -> Result<(), Error> {
        let before = process::cpu_time(self.environment.pid())?;
        let times = self.ask(BLOCK).await?;
        let used = process::cpu_time(self.environment.pid())?.saturating_sub(before);
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        self.cpu.push(millis(used) / times.len() as f64);
        self.p50.push(median(&times));
        self.p99.push(percentile(&times, 0.99));
        Ok(())
    }

    fn peak_memory(&self) -> Result<f64, Error> {
        process::peak_memory(self.environment.pid())
    }
}

pub(super) async fn measure(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    uncached(plan, table).await?;
    cached(plan, table).await?;
    listed(plan, table).await
}

/// Every request makes a token.
async fn uncached(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let site = Site::start(NETWORK).await?;
    let (config, bare) = pair(plan, &site, (Question::Config, true)).await?;
    let counts = site.upstreams.take_counts();
    let what = |figure: &str| format!("config, warm, not cached: {figure}");
    let row = |figure: &str, of: fn(&Subject) -> &Vec<f64>| {
        Row::new(what(figure), "ms", median(of(&config))).beside(median(of(&bare)))
    };
    table.push(row("p50", |subject| &subject.p50).within(Limit::Figure(0.5)));
    table.push(row("p99", |subject| &subject.p99).within(Limit::Figure(1.0)));
    table.push(row("CPU per request", |subject| &subject.cpu).within(Limit::Figure(0.3)));
    table.push(memory(&what("peak memory"), &config, &bare)?);
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let calls = counts.all_calls() as f64 / (WARM_UP + BLOCK * BLOCKS) as f64;
    // The few of the cold start are among them.
    table.push(Row::new(what("upstream calls per request"), "", calls).within(Limit::Figure(1.01)));
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let connections = counts.connections.values().sum::<usize>() as f64;
    table.push(Row::new(what("connections opened by all, cold start included"), "", connections));
    Ok(())
}

/// Every request is answered from memory.
async fn cached(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let site = Site::start(NETWORK).await?;
    let (token, bare) = pair(plan, &site, (Question::Token, false)).await?;
    let what = |figure: &str| format!("token, cached: {figure}");
    let row = |figure: &str, of: fn(&Subject) -> &Vec<f64>| {
        Row::new(what(figure), "ms", median(of(&token))).beside(median(of(&bare)))
    };
    table.push(row("p50", |subject| &subject.p50).within(Limit::Ratio(1.2)));
    table.push(row("p99", |subject| &subject.p99));
    table.push(row("CPU per request", |subject| &subject.cpu));
    table.push(memory(&what("peak memory"), &token, &bare)?);
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let calls = site.upstreams.take_counts().all_calls() as f64;
    table.push(Row::new(what("upstream calls of all, cold start included"), "", calls).within(Limit::Figure(3.0)));
    Ok(())
}

/// The third function, for its memory.
async fn listed(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let site = Site::start(NETWORK).await?;
    let (datasets, bare) = pair(plan, &site, (Question::Datasets, false)).await?;
    table.push(memory("datasets, warm: peak memory", &datasets, &bare)?);
    Ok(())
}

/// A function and the bare function, in turns, on a processor of their own.
async fn pair(plan: &Plan, site: &Site, asks: (Question, bool)) -> Result<(Subject, Subject), Error> {
    let apart = Apart::begin()?;
    let yardstick = plan.yardstick(NETWORK).await?;
    let mut ours = Subject::start(&apart, &plan.binary(asks.0.function()), site.variables(), asks).await?;
    let mut bare = Subject::start(&apart, &yardstick.program, &yardstick.variables, asks).await?;
    for _ in 0..BLOCKS {
        ours.block().await?;
        bare.block().await?;
    }
    Ok((ours, bare))
}

fn memory(what: &str, ours: &Subject, bare: &Subject) -> Result<Row, Error> {
    Ok(Row::new(what, "MiB", ours.peak_memory()?).beside(bare.peak_memory()?).within(Limit::Figure(15.0)))
}
