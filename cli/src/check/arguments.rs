//! What to check, and how.

use std::path::PathBuf;

use clap::Args;
use dynabind::domain::ReportKey;

use crate::caller::CallerArguments;
use crate::connection::ConnectionArguments;
use crate::scenario::ScenarioArguments;
use crate::source::CatalogPlace;

/// What to check.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The catalog: FILE or dynamodb:TABLE.
    #[arg(long, value_name = "CATALOG")]
    pub catalog: CatalogPlace,
    /// How to check.
    #[command(flatten)]
    pub options: Options,
    /// Credentials and addresses.
    #[command(flatten)]
    pub connection: ConnectionArguments,
}

/// How to check.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Check only this tenant; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub tenant: Vec<String>,
    /// Check only this report.
    #[arg(long, value_name = "KEY")]
    pub report: Option<ReportKey>,
    /// The claims of a sample caller.
    #[command(flatten)]
    pub caller: CallerArguments,
    /// Who signs in to Power BI.
    #[command(flatten)]
    pub scenario: ScenarioArguments,
    /// In the organization scenario: a file with a user's token as the page sends it. The check looks as this user.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["claims", "claim"])]
    pub user_jwt: Option<PathBuf>,
    /// Save the results so far in FILE, and continue from there after an interruption.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Write the result as `JUnit` XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Do not compare reports with models.
    #[arg(long)]
    pub no_schema: bool,
    /// The most embed tokens that are made.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub max_tokens: usize,
}
