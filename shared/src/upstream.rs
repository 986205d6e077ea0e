//! Calls to outside systems, with one HTTP client, one retry policy and one error type.

mod challenge;
mod client;
mod error;
pub(crate) mod lenient;
mod preconnect;
mod reply;
mod retry;

pub use challenge::ClaimsChallenge;
pub use client::Http;
pub(crate) use error::as_code;
pub use error::{UpstreamError, UpstreamErrorKind};
pub use reply::Reply;
pub(crate) use reply::SendError;
pub(crate) use retry::Answer;
pub use retry::{RetryBudget, RetryPolicy};

pub use crate::request::Upstream;
