//! Acceptance tests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(clippy::needless_pass_by_value, reason = "a value that is written in place reads better without a sign")]

mod architecture;
mod authorizers;
mod beyond;
mod caching;
mod catalog;
mod catalog_reload;
mod claims;
mod concurrency;
mod config;
mod credentials;
mod datasets;
mod documents;
mod drills;
mod dynamodb;
mod dynamodb_loader;
mod entitlement;
mod faults;
mod federation;
mod floods;
mod isolation;
mod kinds;
mod limits;
mod local_invoke;
mod log_lines;
mod managed_instances;
mod monitoring;
mod openapi;
mod organization;
mod origins;
mod power_bi_answers;
mod published;
mod requests;
mod secrecy;
mod sharing;
#[cfg(feature = "opentelemetry")]
mod spans;
mod stateful;
mod template;
mod token;
mod warm_up;
