//! The result of one attempt at an upstream.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::request::Outcome;

/// An upstream's whole answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most 4 MiB; wiped when it is dropped.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum SendError {
    /// The attempt's time ran out.
    #[error("no answer in time")]
    Timeout,
    /// No connection, or one that broke.
    #[error("the connection failed")]
    Connection,
    /// A body over the limit.
    #[error("the answer is longer than 4 MiB")]
    TooLarge,
}

impl From<SendError> for Outcome {
    fn from(fault: SendError) -> Self {
        Self::Unanswered(match fault {
            SendError::Timeout => "timeout",
            SendError::Connection => "connection",
            SendError::TooLarge => "too-large",
        })
    }
}
