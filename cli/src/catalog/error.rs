//! Why the loader could not do what it was told.

use std::io;

use aws_sdk_dynamodb::error::DisplayErrorContext;
use dynabind::validation::ValidationErrors;

/// Why the loader could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Its path.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The output could not be written.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// DynamoDB refused, or could not be reached.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
    /// Batches were left unwritten however often they were sent.
    #[error("DynamoDB goes on leaving items unwritten; push again later, it goes on where this one ended")]
    Unwritten,
    /// The table holds something else than a catalog.
    #[error("table {table} holds an item `{key}`, which is no part of a catalog; is it the right table?")]
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
    /// Nobody is there to be asked.
    #[error("say --yes to write without being asked, or --dry-run to look only")]
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
