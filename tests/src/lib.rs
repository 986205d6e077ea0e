//! Support for the acceptance tests.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, reason = "a test fails by a panic")]

pub mod access_log;
pub mod cargo_lambda;
pub mod checked_environment;
pub mod collector;
pub mod deployed;
pub mod dynamodb;
pub mod embedded_metrics;
pub mod environment;
pub mod generated;
pub mod imports;
pub mod insights;
pub mod log_lines;
pub mod moto;
pub mod openapi;
pub mod process;
pub mod project;
pub mod scenario;
pub mod slow_time;
pub mod swagger;
pub mod test_app;
pub mod watch;
