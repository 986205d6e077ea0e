//! Measures the release binaries as Lambda would run them, beside a bare function in the same run.
//!
//! `upstream` and `relay` stand in for the network and what lies behind it,
//! `lambda` for the service that starts functions and hands them events.
//! `measure` runs the scenarios, `table` holds the figures against their targets.

pub mod catalog;
pub mod event;
pub mod lambda;
pub mod measure;
pub mod process;
pub mod processor;
pub mod relay;
pub mod scaling;
pub mod site;
pub mod stats;
pub mod table;
pub mod tls;
pub mod upstream;

/// Whatever stops a run.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
