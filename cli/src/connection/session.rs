//! The sessions in which the command calls Power BI.

use async_trait::async_trait;
use dynabind::domain::AccessToken;
use dynabind::ports::{ActorKey, Session};
use dynabind::request::RequestContext;
use dynabind::upstream::{RetryBudget, UpstreamError};

/// A session with a given access token, which is not renewed.
pub(crate) struct TokenSession {
    context: RequestContext,
    actor: ActorKey,
    access: AccessToken,
}

impl TokenSession {
    pub(crate) fn new(actor: ActorKey, access: &AccessToken) -> Self {
        Self { context: RequestContext::begin(None), actor, access: access.clone() }
    }
}

#[async_trait]
impl Session for TokenSession {
    fn context(&self) -> &RequestContext {
        &self.context
    }

    fn actor(&self) -> ActorKey {
        self.actor
    }

    fn retry_budget(&self) -> RetryBudget {
        RetryBudget::Full
    }

    async fn access_token(&self) -> Result<AccessToken, UpstreamError> {
        Ok(self.access.clone())
    }

    async fn renewed(&self, _: &AccessToken, _: &UpstreamError) -> Result<Option<AccessToken>, UpstreamError> {
        Ok(None)
    }
}

/// One attempt of a session: its own deadline, and the full retry budget.
pub(super) struct Attempt<'s> {
    session: &'s dyn Session,
    context: RequestContext,
}

impl<'s> Attempt<'s> {
    pub(super) fn of(session: &'s dyn Session) -> Self {
        Self { session, context: RequestContext::begin(None) }
    }
}

#[async_trait]
impl Session for Attempt<'_> {
    fn context(&self) -> &RequestContext {
        &self.context
    }

    fn actor(&self) -> ActorKey {
        self.session.actor()
    }

    fn retry_budget(&self) -> RetryBudget {
        RetryBudget::Full
    }

    async fn access_token(&self) -> Result<AccessToken, UpstreamError> {
        self.session.access_token().await
    }

    async fn renewed(
        &self,
        refused: &AccessToken,
        failure: &UpstreamError,
    ) -> Result<Option<AccessToken>, UpstreamError> {
        self.session.renewed(refused, failure).await
    }
}
