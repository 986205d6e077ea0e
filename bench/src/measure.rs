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
    /// The one part to run; all of them where there is none.
    pub only: Option<String>,
}

impl Plan {
    fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}

/// Runs what the plan wants.
///
/// # Errors
/// When a function cannot be started, or does not answer with a success.
pub async fn all(plan: &Plan) -> Result<Table, Error> {
    let mut table = Table::default();
    if plan.wants("cold") {
        cold::measure(plan, &mut table).await?;
    }
    if plan.wants("warm") {
        warm::measure(plan, &mut table).await?;
    }
    if plan.wants("burst") {
        burst::measure(plan, &mut table).await?;
    }
    if plan.wants("sizes") {
        sizes::measure(plan, &mut table)?;
    }
    if plan.wants("catalogs") {
        catalogs::measure(plan, &mut table)?;
    }
    Ok(table)
}
