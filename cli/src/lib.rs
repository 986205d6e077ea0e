//! The command `dynabind`, for an operator's terminal or a CI job.
//!
//! `catalog` moves catalogs between files and tables. `decision` decides what a catalog allows a caller, with the
//! functions' code. `explain` prints the decision. `check` compares a catalog with Power BI.

pub mod arguments;
pub mod caller;
pub mod catalog;
pub mod check;
pub mod connection;
pub mod decision;
pub mod doctor;
pub mod exit;
pub mod explain;
pub mod fabric;
pub mod init;
pub mod jobs;
pub mod junit;
pub mod record;
pub mod run;
pub mod scenario;
pub mod source;
pub mod terminal;

pub use arguments::Arguments;
pub use exit::Exit;
pub use run::run;
