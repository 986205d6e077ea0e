//! The scenarios.

mod burst;
mod catalogs;
mod cold;
mod preconnect;
mod sizes;
mod warm;

use std::path::PathBuf;

use clap::Args;

use crate::Error;
use crate::table::Table;
use crate::testbed::{Network, Testbed, Variables, lambda_variables};

/// The binary of the bare function.
const BARE: &str = "bare";

/// The parts of a run.
pub const PARTS: [&str; 6] = ["cold", "preconnect", "warm", "burst", "sizes", "catalogs"];

/// What is measured, and how often.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// The folder of the release binaries
    #[arg(long, value_name = "FOLDER", default_value = "target/release")]
    pub binaries: PathBuf,
    /// The number of cold starts of each kind
    #[arg(long, value_name = "N", default_value_t = 21)]
    pub rounds: usize,
    /// Measure only this part
    #[arg(long, value_name = "PART", value_parser = PARTS)]
    pub only: Option<String>,
    /// Compare with this program instead of the bare function; it polls Lambda's Runtime API and answers the same events
    #[arg(long, value_name = "PROGRAM")]
    pub beside: Option<PathBuf>,
}

impl Plan {
    fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// The function with which Dynabind's functions are compared.
    async fn baseline(&self, network: Network) -> Result<Baseline, Error> {
        let Some(program) = &self.beside else {
            return Ok(Baseline { program: self.binary(BARE), variables: lambda_variables(), _site: None });
        };
        let testbed = Testbed::start(self.network(network)).await?;
        Ok(Baseline { program: program.clone(), variables: testbed.variables().clone(), _site: Some(testbed) })
    }

    /// The network. A program instead of the bare function needs TLS, because MSAL accepts only `https` authorities.
    fn network(&self, network: Network) -> Network {
        Network { tls: network.tls || self.beside.is_some(), ..network }
    }

    /// The heading of the column for the baseline.
    fn baseline_name(&self) -> String {
        let program = self.beside.as_ref().and_then(|program| program.file_name());
        program.map_or_else(|| "bare function".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    fn includes(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

/// The function with which Dynabind's functions are compared.
struct Baseline {
    program: PathBuf,
    variables: Variables,
    /// The baseline has its own stand-ins, so that its calls are not counted as Dynabind's.
    _site: Option<Testbed>,
}

/// Runs the parts of the plan.
///
/// # Errors
/// When a function cannot be started, or does not answer with a success.
pub async fn all(plan: &Plan) -> Result<Table, Error> {
    let mut table = Table::beside(plan.baseline_name());
    if plan.includes("cold") {
        cold::measure(plan, &mut table).await?;
    }
    if plan.includes("preconnect") && plan.beside.is_none() {
        preconnect::measure(plan, &mut table).await?;
    }
    if plan.includes("warm") {
        warm::measure(plan, &mut table).await?;
    }
    if plan.includes("burst") {
        burst::measure(plan, &mut table).await?;
    }
    if plan.includes("sizes") && plan.beside.is_none() {
        sizes::measure(plan, &mut table)?;
    }
    if plan.includes("catalogs") && plan.beside.is_none() {
        catalogs::measure(plan, &mut table)?;
    }
    Ok(table)
}
