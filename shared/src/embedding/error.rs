//! Why a request is refused or fails.

use std::time::Duration;

use crate::domain::{Denial, TokenRequestError};
use crate::upstream::UpstreamError;

/// Why a request is refused or fails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EmbeddingError {
    /// The caller's grants do not cover the request.
    NotEntitled,
    /// One binding is refused.
    Denied {
        /// The index of the binding.
        binding: usize,
        /// The reason.
        denial: Denial,
    },
    /// The bindings are each allowed but cannot share one token.
    Unshareable(TokenRequestError),
    /// The caller requested too many fresh tokens.
    TooManyRequests {
        /// When the next one may be requested.
        retry_after: Duration,
    },
    /// The page gets the user's token itself, so none is handed out.
    UserTokenInPage {
        /// The scope of that token.
        scope: &'static str,
    },
    /// The event has no bearer token to exchange on behalf of the user.
    NoAssertion,
    /// An upstream failed.
    Upstream(UpstreamError),
}

impl From<UpstreamError> for EmbeddingError {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl From<TokenRequestError> for EmbeddingError {
    fn from(error: TokenRequestError) -> Self {
        Self::Unshareable(error)
    }
}
