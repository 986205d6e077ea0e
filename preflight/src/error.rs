//! Errors of definitions that cannot be read at all.

use thiserror::Error;

/// A definition that cannot be compared, because its main part is absent or unreadable.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The definition has no main part of a report.
    #[error("the definition has neither `definition/report.json` (PBIR) nor `report.json` (PBIR-Legacy)")]
    NoReport,
    /// A main part is not JSON.
    #[error("`{part}` is not valid JSON: {reason}")]
    Json {
        /// The name of the part.
        part: String,
        /// The parser's message.
        reason: String,
    },
    /// A main part is JSON with another structure.
    #[error("`{part}` {reason}")]
    Shape {
        /// The name of the part.
        part: String,
        /// What is missing.
        reason: String,
    },
}
