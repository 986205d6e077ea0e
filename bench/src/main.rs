//! The command `bench`: measures in one run, and prints one table.

use std::path::PathBuf;

use bench::measure::{self, Plan};
use bench::{Error, process};
use clap::Parser;
use serde_json::json;

/// Measures the release binaries and a bare function, and prints a table
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(flatten)]
    plan: Plan,
    /// The file for the figures
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
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
