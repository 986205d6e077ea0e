//! `bench [--binaries DIRECTORY] [--json FILE] [--rounds NUMBER] [--only PART] [--beside PROGRAM]`: one run, one table.
//!
//! The parts are `cold`, `preconnect`, `warm`, `burst`, `sizes` and `catalogs`. A program that speaks Lambda's Runtime API and answers
//! the same events takes the bare function's place.

use std::path::PathBuf;

use bench::measure::{self, Plan};
use bench::{Error, process};
use serde_json::json;

/// What the command line says.
struct Arguments {
    plan: Plan,
    json: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let arguments = arguments()?;
    let (processors, load) = (process::processors()?, process::load()?);
    let table = measure::all(&arguments.plan).await?;
    let load_after = process::load()?;
    let report = json!({
        "processors": processors,
        "load": {"before": load, "after": load_after},
        "rounds": arguments.plan.rounds,
        "rows": table.json(),
    });
    std::fs::write(&arguments.json, format!("{report:#}\n"))?;
    let misses = table.misses();
    #[expect(clippy::print_stdout, reason = "the table is the result")]
    {
        println!("{}\n", table.text());
        println!("{processors}; load average {load} before, {load_after} after; {misses} target(s) missed");
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Error> {
    let plan = Plan { binaries: "target/release".into(), rounds: 21, only: None, beside: None };
    let mut arguments = Arguments { plan, json: "target/bench.json".into() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
        match word.as_str() {
            "--binaries" => arguments.plan.binaries = value.into(),
            "--json" => arguments.json = value.into(),
            "--rounds" => arguments.plan.rounds = value.parse()?,
            "--beside" => arguments.plan.beside = Some(value.into()),
            "--only" if measure::PARTS.contains(&value.as_str()) => arguments.plan.only = Some(value),
            "--only" => return Err(format!("--only wants one of {}, not `{value}`", measure::PARTS.join(", ")).into()),
            _ => return Err(format!("unknown argument {word}").into()),
        }
    }
    Ok(arguments)
}
