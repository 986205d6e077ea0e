//! The command `scaling`: simulates how many `GenerateToken` calls a load makes, and how many calls shared tokens save.

use std::num::{NonZeroUsize, ParseIntError};

use bench::Error;
use bench::scaling::{Load, Outcome, Sharing, simulate};
use bench::table::aligned;
use clap::Parser;

/// Simulates the `GenerateToken` calls of a load, with and without shared tokens
#[derive(Parser)]
#[command(name = "scaling")]
struct Arguments {
    /// Users; each has one open page
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1000,10000", value_parser = at_least_one)]
    users: Vec<usize>,
    /// Tenants
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "10,100,1000", value_parser = at_least_one)]
    tenants: Vec<usize>,
    /// Execution environments
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "2,10,50", value_parser = at_least_one)]
    environments: Vec<usize>,
    /// Hours for which the pages stay open
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    hours: u64,
    /// The limit of `GenerateToken` calls in one minute that you have observed; Microsoft publishes none
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    calls_per_minute: Option<usize>,
}

fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    let mut lines = vec![HEAD.map(str::to_owned)];
    for &users in &arguments.users {
        for &tenants in &arguments.tenants {
            for &environments in &arguments.environments {
                let load = Load {
                    users,
                    tenants,
                    environments,
                    sharing: Sharing::PerUser,
                    store: false,
                    hours: arguments.hours,
                };
                let own = simulate(&load, 1)?;
                let of_tenant = Load { sharing: Sharing::PerTenant, ..load };
                let shared = simulate(&of_tenant, 1)?;
                let stored = simulate(&Load { store: true, ..of_tenant }, 1)?;
                lines.push(line(&load, &[own, shared, stored], arguments.calls_per_minute));
            }
        }
    }
    #[expect(clippy::print_stdout, reason = "the table is the result")]
    {
        println!("{}", aligned(&lines));
    }
    Ok(())
}

const HEAD: [&str; 14] = [
    "users",
    "tenants",
    "environments",
    "requests",
    "tokens made, own",
    "busiest minute",
    "tokens made, shared",
    "busiest minute",
    "tokens made, with a store",
    "busiest minute",
    "reads",
    "writes",
    "store, USD per million requests",
    "advice",
];

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn line(load: &Load, [own, shared, stored]: &[Outcome; 3], limit: Option<usize>) -> [String; 14] {
    [
        load.users.to_string(),
        load.tenants.to_string(),
        load.environments.to_string(),
        own.requests.to_string(),
        own.embed_tokens.to_string(),
        own.busiest_minute.to_string(),
        shared.embed_tokens.to_string(),
        shared.busiest_minute.to_string(),
        stored.embed_tokens.to_string(),
        stored.busiest_minute.to_string(),
        stored.store.reads.to_string(),
        stored.store.writes.to_string(),
        format!("{:.2}", stored.store.cost() * 1e6 / stored.requests.max(1) as f64),
        advice(own, shared, stored, limit),
    ]
}

fn advice(own: &Outcome, shared: &Outcome, stored: &Outcome, limit: Option<usize>) -> String {
    let Some(limit) = limit else {
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let saved = 100.0 * (1.0 - shared.embed_tokens as f64 / own.embed_tokens.max(1) as f64);
        return if saved >= 50.0 { format!("sharing saves {saved:.0} %") } else { "sharing saves little".to_owned() };
    };
    match [own, shared, stored].map(|outcome| outcome.busiest_minute <= limit) {
        [true, ..] => "fits",
        [false, true, _] => "share tokens",
        [false, false, true] => "share tokens, and switch the token store on",
        [false, false, false] => "fewer environments, or a second service principal",
    }
    .to_owned()
}

fn at_least_one(text: &str) -> Result<usize, ParseIntError> {
    text.parse().map(NonZeroUsize::get)
}
