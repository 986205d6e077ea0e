//! Calling Secrets Manager, Entra and Power BI: one client, one retry policy,
//! one error type.

mod challenge;
mod client;
mod error;
pub(crate) mod lenient;
mod preconnect;
mod retry;

pub use challenge::ClaimsChallenge;
pub(crate) use client::SendError;
pub use client::{Http, Reply};
pub(crate) use error::as_code;
pub use error::{UpstreamError, UpstreamErrorKind};
pub(crate) use retry::Answer;
pub use retry::{RetryBudget, RetryPolicy};

pub use crate::request::Upstream;
