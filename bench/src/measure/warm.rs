//! Requests to a warm environment.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use test_support::lambda::{Environment, now};

use super::Plan;
use crate::Error;
use crate::event::Route;
use crate::process;
use crate::processor::SeparateProcessors;
use crate::stats::{median, millis, percentile};
use crate::table::{Limit, Row, Table};
use crate::testbed::{NO_DYNAMODB, Network, Testbed, Variables, start_environment};
use crate::upstream::Greeting;

const NETWORK: Network = Network {
    delay: Duration::ZERO,
    tls: true,
    round_trip: Duration::ZERO,
    greeting: Greeting::Answers,
    dynamodb: NO_DYNAMODB,
    federated: false,
};

/// The number of requests before the measurement.
const WARM_UP: usize = 100;
/// The number of requests of a block.
const BLOCK: usize = 500;
/// The number of blocks of each function. The functions take turns.
const BLOCKS: usize = 7;

/// An environment and its measurements.
struct Subject {
    environment: Environment,
    route: Route,
    /// Whether each request comes from a new user.
    fresh: bool,
    users: usize,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
}

impl Subject {
    async fn start(
        apart: &SeparateProcessors,
        program: &Path,
        variables: &Variables,
        asks: (Route, bool),
    ) -> Result<Self, Error> {
        let environment = start_environment(program, variables).await?;
        apart.move_away(environment.pid())?;
        let (route, fresh) = asks;
        let (p50, p99, cpu) = (Vec::new(), Vec::new(), Vec::new());
        let mut subject = Self { environment, route, fresh, users: 0, p50, p99, cpu };
        subject.ask(WARM_UP).await?;
        Ok(subject)
    }

    fn next_users(&mut self, count: usize) -> Range<usize> {
        let first = self.users;
        self.users += count;
        first..self.users
    }

    async fn ask(&mut self, count: usize) -> Result<Vec<f64>, Error> {
        let (route, fresh) = (self.route, self.fresh);
        let users = self.next_users(count);
        let events: Vec<_> = users.map(|user| route.event(if fresh { user } else { 0 })).collect();
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

/// Every request needs a new token.
async fn uncached(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let testbed = Testbed::start(NETWORK).await?;
    let (config, bare) = pair(plan, &testbed, (Route::Config, true)).await?;
    let counts = testbed.upstreams.take_counts();
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
    // This includes the calls of the cold start.
    table.push(Row::new(what("upstream calls per request"), "", calls).within(Limit::Figure(1.01)));
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let connections = counts.connections.values().sum::<usize>() as f64;
    table.push(Row::new(what("connections opened by all, cold start included"), "", connections));
    Ok(())
}

/// Every request is answered from the cache.
async fn cached(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let testbed = Testbed::start(NETWORK).await?;
    let (token, bare) = pair(plan, &testbed, (Route::Token, false)).await?;
    let what = |figure: &str| format!("token, cached: {figure}");
    let row = |figure: &str, of: fn(&Subject) -> &Vec<f64>| {
        Row::new(what(figure), "ms", median(of(&token))).beside(median(of(&bare)))
    };
    table.push(row("p50", |subject| &subject.p50).within(Limit::Ratio(1.2)));
    table.push(row("p99", |subject| &subject.p99));
    table.push(row("CPU per request", |subject| &subject.cpu));
    table.push(memory(&what("peak memory"), &token, &bare)?);
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let calls = testbed.upstreams.take_counts().all_calls() as f64;
    table.push(Row::new(what("upstream calls of all, cold start included"), "", calls).within(Limit::Figure(3.0)));
    Ok(())
}

/// The third function, for its memory.
async fn listed(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let testbed = Testbed::start(NETWORK).await?;
    let (datasets, bare) = pair(plan, &testbed, (Route::Datasets, false)).await?;
    table.push(memory("datasets, warm: peak memory", &datasets, &bare)?);
    Ok(())
}

/// A function and the baseline, in turns, on a separate processor.
async fn pair(plan: &Plan, testbed: &Testbed, asks: (Route, bool)) -> Result<(Subject, Subject), Error> {
    let apart = SeparateProcessors::begin()?;
    let baseline = plan.baseline(NETWORK).await?;
    let mut ours = Subject::start(&apart, &plan.binary(asks.0.function()), testbed.variables(), asks).await?;
    let mut bare = Subject::start(&apart, &baseline.program, &baseline.variables, asks).await?;
    for _ in 0..BLOCKS {
        ours.block().await?;
        bare.block().await?;
    }
    Ok((ours, bare))
}

fn memory(what: &str, ours: &Subject, bare: &Subject) -> Result<Row, Error> {
    Ok(Row::new(what, "MiB", ours.peak_memory()?).beside(bare.peak_memory()?).within(Limit::Figure(15.0)))
}
