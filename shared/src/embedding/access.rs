//! Calling Power BI with an access token, and with a new one if it is refused.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Pacer};
use crate::ports::{AccessTokens, PowerBi, Viewpoint};
use crate::request::Call;
use crate::token::AccessToken;
use crate::upstream::{UpstreamError, UpstreamErrorKind};

/// A refusal with a named cause (no access to the workspace, say) may be healed
/// by a new access token, but not by one for every request: all tenants share it.
const EXPLAINED_PAUSE: Duration = Duration::from_secs(30);

/// Power BI, as the present access token opens it.
pub(super) struct Access {
    tokens: Arc<dyn AccessTokens>,
    powerbi: Arc<dyn PowerBi>,
    clock: Arc<dyn Clock>,
    explained: Pacer,
}

impl Access {
    pub(super) fn new(tokens: Arc<dyn AccessTokens>, powerbi: Arc<dyn PowerBi>, clock: Arc<dyn Clock>) -> Self {
        Self { tokens, powerbi, clock, explained: Pacer::new(EXPLAINED_PAUSE) }
    }

    /// Opens connections to Power BI while the access token is being fetched.
    pub(super) fn connect_ahead(&self, viewpoint: &Viewpoint, connections: usize) {
        if !self.tokens.is_ready(viewpoint.user()) {
            self.powerbi.connect_ahead(connections);
        }
    }

    /// The access token with which Power BI is asked.
    pub(super) async fn token(&self, call: &Arc<Call>, viewpoint: &Viewpoint) -> Result<AccessToken, UpstreamError> {
        self.tokens.get(call, viewpoint.user()).await
    }

    /// Asks Power BI; where it refuses the access token, once more with another.
    pub(super) async fn ask<T, F>(
        &self,
        call: &Arc<Call>,
        viewpoint: &Viewpoint,
        question: impl Fn(Arc<dyn PowerBi>, Arc<Call>, AccessToken) -> F + Send,
    ) -> Result<T, UpstreamError>
    where
        F: Future<Output = Result<T, UpstreamError>> + Send,
    {
        let access = self.token(call, viewpoint).await?;
        let answer = question(Arc::clone(&self.powerbi), Arc::clone(call), access.clone()).await;
        let Err(UpstreamError { kind: UpstreamErrorKind::TokenRefused { explained }, .. }) = answer else {
            return answer;
        };
        if explained && !self.explained.may(self.clock.now()) {
            return answer;
        }
        tracing::warn!(
            explained,
            request_id = call.ids().request,
            "Power BI refuses the access token; asking with a new one"
        );
        self.tokens.discard(viewpoint.user(), &access);
        let renewed = self.token(call, viewpoint).await?;
        question(Arc::clone(&self.powerbi), Arc::clone(call), renewed).await
    }
}
