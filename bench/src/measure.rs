//! The scenarios.

mod burst;
mod catalogs;
mod cold;
mod sizes;
mod warm;

use std::path::PathBuf;

use crate::Error;
use crate::table::Table;

/// The binary of the bare function.
const BARE: &str = "bare";

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the release binaries lie.
    pub binaries: PathBuf,
    /// How many cold starts of each kind.
    pub rounds: usize,
}

impl Plan {
    fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }
}

/// Runs everything.
///
/// # Errors
/// When a function cannot be started, or does not answer with a success.
pub async fn all(plan: &Plan) -> Result<Table, Error> {
    let mut table = Table::default();
    cold::measure(plan, &mut table).await?;
    warm::measure(plan, &mut table).await?;
    burst::measure(plan, &mut table).await?;
    sizes::measure(plan, &mut table)?;
    catalogs::measure(plan, &mut table)?;
    Ok(table)
}
