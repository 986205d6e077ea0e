//! `scaling [--users N] [--tenants N] [--environments N] [--hours N] [--calls-per-minute N]`
//!
//! How many calls of `GenerateToken` a load makes, and what sharing tokens saves.
//! Power BI publishes no limit; the one that you have met goes to `--calls-per-minute`.

use bench::Error;
use bench::scaling::{Load, Outcome, Sharing, simulate};
use bench::table::aligned;

/// What the command line says; without a number, each of a few is simulated.
struct Arguments {
    users: Vec<usize>,
    tenants: Vec<usize>,
    environments: Vec<usize>,
    hours: u64,
    calls_per_minute: Option<usize>,
}

fn main() -> Result<(), Error> {
    let arguments = arguments()?;
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

fn arguments() -> Result<Arguments, Error> {
    let mut arguments = Arguments {
        users: vec![1_000, 10_000],
        tenants: vec![10, 100, 1_000],
        environments: vec![2, 10, 50],
        hours: 4,
        calls_per_minute: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a number"))?;
        let number: usize = value.parse().map_err(|_| format!("{word} wants a number, not `{value}`"))?;
        if number == 0 {
            return Err(format!("{word} wants at least 1").into());
        }
        match word.as_str() {
            "--users" => arguments.users = vec![number],
            "--tenants" => arguments.tenants = vec![number],
            "--environments" => arguments.environments = vec![number],
            "--hours" => arguments.hours = u64::try_from(number)?,
            "--calls-per-minute" => arguments.calls_per_minute = Some(number),
            _ => return Err(format!("unknown argument {word}").into()),
        }
    }
    Ok(arguments)
}
