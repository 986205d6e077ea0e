//! Many environments that start at the same time.

use std::path::Path;
use std::time::Duration;

use futures_util::future::try_join_all;
use test_support::lambda::now;

use super::Plan;
use crate::Error;
use crate::event::Route;
use crate::stats::{median, millis};
use crate::table::{Limit, Row, Table};
use crate::testbed::{NO_DYNAMODB, Network, Testbed, Variables, start_environment};
use crate::upstream::Greeting;

const NETWORK: Network = Network {
    delay: Duration::from_millis(50),
    tls: true,
    round_trip: Duration::ZERO,
    greeting: Greeting::Answers,
    dynamodb: NO_DYNAMODB,
    federated: false,
};

const ENVIRONMENTS: usize = 16;
const ROUNDS: usize = 5;

pub(super) async fn measure(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let testbed = Testbed::start(NETWORK).await?;
    let config = plan.binary(Route::Config.function());
    let bare = plan.baseline(NETWORK).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(burst(&config, testbed.variables()).await?);
        theirs.push(burst(&bare.program, &bare.variables).await?);
    }
    let what = format!("config: {ENVIRONMENTS} cold environments at once, TLS, upstreams at 50 ms");
    table.push(Row::new(what, "ms", median(&ours)).beside(median(&theirs)).within(Limit::Figure(400.0)));
    Ok(())
}

/// The time from the first start to the last answer.
async fn burst(binary: &Path, variables: &Variables) -> Result<f64, Error> {
    let begun = now();
    let starts = (0..ENVIRONMENTS).map(async |user| {
        let environment = start_environment(binary, variables).await?;
        let answer = environment.invoke(Route::Config.event(user)).await?;
        Ok::<_, Error>((answer.at, environment))
    });
    let answered = try_join_all(starts).await?;
    let last = answered.iter().map(|(at, _)| *at).max().unwrap_or(begun);
    for (_, environment) in answered {
        environment.stop().await?;
    }
    Ok(millis(last - begun))
}
