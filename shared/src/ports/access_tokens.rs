//! Access tokens for Power BI.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{AccessToken, UserAssertion};
use crate::request::RequestContext;
use crate::upstream::UpstreamError;

/// Charges the caller's budget before an exchange on behalf of a user. An error means that the budget is used up.
pub type Charge<'c> = &'c (dyn Fn() -> Result<(), UpstreamError> + Send + Sync);

/// Where access tokens for Power BI come from.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// Whether the next [`AccessTokens::get`] makes no call.
    fn is_ready(&self, user: Option<&UserAssertion>) -> bool;

    /// A token with enough life left: the service
    /// principal's own, or the user's.
    ///
    /// # Errors
    /// Why there is no token.
    async fn get(
        &self,
        context: &Arc<RequestContext>,
        user: Option<&UserAssertion>,
        charge: Charge<'_>,
    ) -> Result<AccessToken, UpstreamError>;

    /// Forgets a token that Power BI has refused.
    fn discard(&self, user: Option<&UserAssertion>, refused: &AccessToken);
}
