//! The parameters of a call to Power BI.

use async_trait::async_trait;

use super::ActorKey;
use crate::domain::AccessToken;
use crate::request::RequestContext;
use crate::upstream::{RetryBudget, UpstreamError};

/// The parameters of a call: the request that it is made for, the identity that calls, the access token, and how often
/// the call may be tried.
#[async_trait]
pub trait Session: Send + Sync {
    /// The request that the call is made for.
    fn context(&self) -> &RequestContext;

    /// The identity that calls Power BI.
    fn actor(&self) -> ActorKey;

    /// How much of the request's time the call may use.
    fn retry_budget(&self) -> RetryBudget;

    /// The access token to call with.
    ///
    /// # Errors
    /// Why there is no token.
    async fn access_token(&self) -> Result<AccessToken, UpstreamError>;

    /// The access token for repeating a call that failed with `refused`; `None` if `failure` is final.
    ///
    /// # Errors
    /// Why there is no other token.
    async fn renewed(
        &self,
        refused: &AccessToken,
        failure: &UpstreamError,
    ) -> Result<Option<AccessToken>, UpstreamError>;
}
