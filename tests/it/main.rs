//! Acceptance tests.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod architecture;
mod local_invoke;
mod openapi;
mod template;
