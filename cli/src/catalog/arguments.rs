//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::caller::CallerArguments;
use crate::connection::ConnectionArguments;
use crate::scenario::ScenarioArguments;

/// Moves a catalog between a JSON file and a DynamoDB table.
#[derive(Debug, Parser)]
#[command(name = "catalog")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the table's content equal to the file's.
    Push {
        /// Which table and file.
        #[command(flatten)]
        place: Place,
        /// The file to push.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Print what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Do not ask before writing.
        #[arg(long)]
        yes: bool,
        /// How long to wait before old versions are deleted, because requests that have started may still read them.
        #[arg(long, value_name = "SECONDS", default_value_t = 20)]
        settle_seconds: u64,
        /// Whether and how to check first.
        #[command(flatten)]
        first: Box<CheckFirst>,
    },
    /// Write the table's content to a file.
    Pull {
        /// Which table.
        #[command(flatten)]
        place: Place,
        /// The file to write, or - for the standard output.
        #[arg(long, value_name = "FILE", default_value = "-")]
        file: PathBuf,
    },
    /// Print what a push would change; exits with 1 if there is any change.
    Diff {
        /// Which table.
        #[command(flatten)]
        place: Place,
        /// The file to compare the table with.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Print every fault of a file with its place; exits with 1 if there is any.
    Validate {
        /// The file to validate.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Write the result as `JUnit` XML.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
}

/// A check before a push.
#[derive(Args, Debug)]
pub struct CheckFirst {
    /// Check the tenants that would change, and write nothing if there are findings.
    #[arg(long)]
    pub check: bool,
    /// With --check: the claims of a sample caller.
    #[command(flatten)]
    pub caller: CallerArguments,
    /// With --check: who signs in to Power BI.
    #[command(flatten)]
    pub scenario: ScenarioArguments,
    /// With --check, in the organization scenario: a file with a user's token as the page sends it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["claims", "claim"])]
    pub user_jwt: Option<PathBuf>,
    /// With --check: credentials and addresses.
    #[command(flatten)]
    pub connection: ConnectionArguments,
}

/// A table, and the endpoint of its DynamoDB.
#[derive(Args, Debug)]
pub struct Place {
    /// The table's name or ARN.
    #[arg(long, value_name = "TABLE", env = "DYNABIND_CATALOG_TABLE")]
    pub table: String,
    /// The URL of DynamoDB, if it is not that of AWS.
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

impl Command {
    /// The URL of DynamoDB, if it is not that of AWS.
    #[must_use]
    pub fn endpoint_url(&self) -> Option<&str> {
        match self {
            Self::Push { place, .. } | Self::Pull { place, .. } | Self::Diff { place, .. } => {
                place.endpoint_url.as_deref()
            }
            Self::Validate { .. } => None,
        }
    }
}

/// Whether a file's name means the standard output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}
