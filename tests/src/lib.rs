//! What the acceptance tests share.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

pub mod openapi;
pub mod project;
