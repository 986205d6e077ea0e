//! The scenarios.

mod burst;
mod catalogs;
mod cold;
mod preconnect;
mod sizes;
mod warm;

use std::path::PathBuf;

use crate::Error;
use crate::lambda::Variables;
use crate::site::{Network, Site, lambda_variables};
use crate::table::Table;

/// The binary of the bare function.
const BARE: &str = "bare";

/// The parts of a run.
pub const PARTS: [&str; 6] = ["cold", "preconnect", "warm", "burst", "sizes", "catalogs"];

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the release binaries lie.
    pub binaries: PathBuf,
    /// How many cold starts of each kind.
    pub rounds: usize,
    /// The one of [`PARTS`] to run; all of them where there is none.
    pub only: Option<String>,
    /// Another function that does the whole job, in the bare one's place.
    pub beside: Option<PathBuf>,
}

impl Plan {
    fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// What the functions are held against.
    async fn yardstick(&self, network: Network) -> Result<Yardstick, Error> {
        let Some(program) = &self.beside else {
            return Ok(Yardstick { program: self.binary(BARE), variables: lambda_variables(), _site: None });
        };
        let site = Site::start(self.network(network)).await?;
        Ok(Yardstick { program: program.clone(), variables: site.variables().clone(), _site: Some(site) })
    }

    /// The network, with TLS where another function is measured: MSAL takes no other authority.
    fn network(&self, network: Network) -> Network {
        Network { tls: network.tls || self.beside.is_some(), ..network }
    }

    /// The head of the yardstick's column.
    fn yardstick_name(&self) -> String {
        let program = self.beside.as_ref().and_then(|program| program.file_name());
        program.map_or_else(|| "bare function".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

/// The function beside which ours are measured.
struct Yardstick {
    program: PathBuf,
    variables: Variables,
    /// Stand-ins of its own, so that its calls are not counted as ours.
    _site: Option<Site>,
}

/// Runs what the plan wants.
///
/// # Errors
/// When a function cannot be started, or does not answer with a success.
pub async fn all(plan: &Plan) -> Result<Table, Error> {
    let mut table = Table::beside(plan.yardstick_name());
    if plan.wants("cold") {
        cold::measure(plan, &mut table).await?;
    }
    if plan.wants("preconnect") && plan.beside.is_none() {
        preconnect::measure(plan, &mut table).await?;
    }
    if plan.wants("warm") {
        warm::measure(plan, &mut table).await?;
    }
    if plan.wants("burst") {
        burst::measure(plan, &mut table).await?;
    }
    if plan.wants("sizes") && plan.beside.is_none() {
        sizes::measure(plan, &mut table)?;
    }
    if plan.wants("catalogs") && plan.beside.is_none() {
        catalogs::measure(plan, &mut table)?;
    }
    Ok(table)
}
