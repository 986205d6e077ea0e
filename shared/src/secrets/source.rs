//! Where the service principal comes from.

use std::sync::Arc;

use async_trait::async_trait;

use super::credential::ServicePrincipal;
use crate::request::RequestContext;
use crate::upstream::UpstreamError;

/// A source of the service principal and its current credential.
#[async_trait]
pub trait PrincipalSource: Send + Sync {
    /// Whether the next [`PrincipalSource::get`] needs no call.
    fn is_ready(&self) -> bool;

    /// The service principal. While the source cannot be reached, the last one that is still usable is returned.
    ///
    /// # Errors
    /// `CredentialsUnavailable`.
    async fn get(&self, context: &Arc<RequestContext>) -> Result<Arc<ServicePrincipal>, UpstreamError>;

    /// A service principal with another credential than `refused`; `None` if another attempt is not worthwhile.
    ///
    /// # Errors
    /// `CredentialsUnavailable`.
    async fn get_other(
        &self,
        context: &Arc<RequestContext>,
        refused: &Arc<ServicePrincipal>,
    ) -> Result<Option<Arc<ServicePrincipal>>, UpstreamError>;
}
