//! The bodies of the 200 answers, as the contract writes them.

mod config;
mod datasets;
mod token;

pub use config::ConfigAnswer;
pub(super) use config::{ConfigPart, ConfigToken, DatasetBinding, ItemConfig, SourceBinding};
pub use datasets::{DatasetEntry, DatasetsAnswer, ItemProblem, ReportEntry};
pub(super) use token::PageToken;
pub use token::TokenAnswer;
