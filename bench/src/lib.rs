//! Measures the release binaries under an emulated Lambda, and a bare function in the same run.
//!
//! `upstream` and `relay` simulate the upstreams and the network. `test_support::lambda` simulates Lambda. `measure` runs the
//! scenarios. `table` compares the figures with their targets.

pub mod catalog;
pub mod event;
pub mod measure;
pub mod process;
pub mod processor;
pub mod relay;
pub mod scaling;
pub mod stats;
pub mod table;
pub mod testbed;
pub mod tls;
pub mod upstream;

/// Any error that stops a run.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
