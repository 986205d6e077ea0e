//! Calling Secrets Manager, STS, Entra and Power BI: one client, one retry policy,
//! one error type.

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
