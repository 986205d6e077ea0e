//! What the acceptance tests share.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on says so by panicking"
)]

pub mod cargo_lambda;
#[cfg(feature = "opentelemetry")]
pub mod collector;
pub mod dynamodb;
pub mod embedded_metrics;
pub mod environment;
pub mod generated;
pub mod imports;
pub mod judged;
pub mod log_lines;
pub mod moto;
pub mod openapi;
pub mod play;
pub mod process;
pub mod project;
pub mod scenario;
pub mod swagger;
pub mod test_app;
