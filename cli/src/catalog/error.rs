//! Errors of the commands that move catalogs.

use std::io;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use dynabind::validation::ValidationErrors;

/// Why a command that moves a catalog failed.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Its path.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The output could not be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// DynamoDB refused, or could not be reached.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
    /// DynamoDB left items of a batch unwritten after all attempts.
    #[error("DynamoDB leaves items unwritten after all attempts; push again later, the next push writes the rest")]
    Unwritten,
    /// The table has an item that does not belong to a catalog.
    #[error("table {table} has an item `{key}`, which does not belong to a catalog; check the table's name")]
    Foreign {
        /// The table.
        table: String,
        /// The item's key.
        key: String,
    },
    /// The table holds two versions of an entry.
    #[error("table {table} is half-way through a push (two versions of {entry}); push again first")]
    HalfWay {
        /// The table.
        table: String,
        /// Which entry.
        entry: String,
    },
    /// An item's text is not JSON.
    #[error("item `{key}` is broken ({detail}); push the catalog again")]
    Broken {
        /// The item's key.
        key: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The catalog could not be checked before it is pushed.
    #[error("the catalog could not be checked: {0}")]
    Unchecked(String),
    /// A confirmation is needed, and the standard input is not a terminal.
    #[error("give --yes to write without a confirmation, or --dry-run to print the changes only")]
    NobodyToAsk,
    /// The HTTP client could not be built.
    #[error("{0}")]
    Client(String),
}

impl LoaderError {
    pub(crate) fn dynamodb(error: impl std::error::Error) -> Self {
        Self::DynamoDb(DisplayErrorContext(error).to_string())
    }
}

impl From<ValidationErrors> for LoaderError {
    fn from(ValidationErrors(faults): ValidationErrors) -> Self {
        Self::Client(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}
