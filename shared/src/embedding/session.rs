//! Sessions with Power BI: the access token, its renewal after a refusal, and the caller's budget.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::budget::{Account, Budget};
use crate::clock::{Clock, Pacer};
use crate::domain::{AccessToken, Caller, UserAssertion, UserKey};
use crate::ports::{AccessTokens, ActingAs, ActorKey, PowerBi, Session};
use crate::request::RequestContext;
use crate::store::SharedStore;
use crate::upstream::{RetryBudget, Upstream, UpstreamError, UpstreamErrorKind};

/// A new access token may resolve a refusal. It is not requested for every refusal, because all tenants share the
/// service principal's token.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// How many users' last renewals are remembered.
const MAX_RENEWALS: usize = 1000;

/// What all sessions share.
pub(super) struct Sessions {
    tokens: Arc<dyn AccessTokens>,
    powerbi: Arc<dyn PowerBi>,
    store: Option<Arc<SharedStore>>,
    clock: Arc<dyn Clock>,
    budget: Budget,
    /// When each user's access token, or the service principal's, was last renewed because of a refusal.
    renewals: Pacer<Option<UserKey>>,
}

impl Sessions {
    pub(super) fn new(
        tokens: Arc<dyn AccessTokens>,
        powerbi: Arc<dyn PowerBi>,
        store: Option<Arc<SharedStore>>,
        fresh_tokens_per_minute: usize,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (budget, renewals) = (Budget::new(fresh_tokens_per_minute), Pacer::by_key(RENEWAL_PAUSE, MAX_RENEWALS));
        Self { tokens, powerbi, store, clock, budget, renewals }
    }

    /// The session of one request.
    pub(super) fn open(
        self: &Arc<Self>,
        context: &Arc<RequestContext>,
        acting: ActingAs,
        caller: &Caller,
    ) -> PowerBiSession {
        PowerBiSession {
            sessions: Arc::clone(self),
            context: Arc::clone(context),
            acting,
            account: Arc::new(Account::of(caller)),
            retry_budget: RetryBudget::Full,
        }
    }

    /// Begins to fetch the service principal's access token, which a request will need if it is granted anything.
    ///
    /// The fetch continues even if the request is refused. So all refusals together cost at most one fetch, and no
    /// refusal waits for it.
    pub(super) fn fetch_ahead(self: &Arc<Self>, context: &Arc<RequestContext>) {
        if self.tokens.is_ready(None) {
            return;
        }
        let (sessions, context) = (Arc::clone(self), Arc::clone(context));
        tokio::spawn(async move {
            // A failure is reported by the request that needs the token, which tries again.
            let _ = sessions.service_token(&context).await;
        });
    }

    /// The service principal's access token, which counts against no caller's budget.
    pub(super) async fn service_token(&self, context: &Arc<RequestContext>) -> Result<AccessToken, UpstreamError> {
        self.tokens.get(context, None, &|| Ok(())).await
    }
}

/// One request's access to Power BI: the identity that calls, the caller whose budget is charged, and how often a call
/// may be tried.
#[derive(Clone)]
pub(super) struct PowerBiSession {
    sessions: Arc<Sessions>,
    context: Arc<RequestContext>,
    acting: ActingAs,
    account: Arc<Account>,
    retry_budget: RetryBudget,
}

impl PowerBiSession {
    /// The same session, with another retry budget for its calls.
    pub(super) fn with_retry_budget(&self, retry_budget: RetryBudget) -> Self {
        Self { retry_budget, ..self.clone() }
    }

    /// The API that the session opens.
    pub(super) fn powerbi(&self) -> &dyn PowerBi {
        self.sessions.powerbi.as_ref()
    }

    /// The store of other environments' tokens and look-ups, if there is one.
    pub(super) fn store(&self) -> Option<&SharedStore> {
        self.sessions.store.as_deref()
    }

    /// The request, for work that may outlive the call.
    pub(super) fn request(&self) -> &Arc<RequestContext> {
        &self.context
    }

    /// Opens connections to Power BI while the access token is being fetched. With a store this is omitted, because the
    /// store may make token and connections unnecessary.
    pub(super) fn preconnect(&self, connections: usize) {
        if self.sessions.store.is_none() {
            self.preconnect_at_once(connections);
        }
    }

    /// Opens connections to Power BI while the access token is being fetched.
    pub(super) fn preconnect_at_once(&self, connections: usize) {
        if !self.sessions.tokens.is_ready(self.acting.user()) {
            self.sessions.powerbi.preconnect(connections);
        }
    }

    /// Takes a fresh token out of the caller's budget, or returns how long to wait for the next one.
    pub(super) fn charge(&self) -> Result<(), Duration> {
        self.sessions.budget.take(&self.account, self.sessions.clock.now())
    }

    /// An access token other than the refused one; `None` if the last renewal is less than [`RENEWAL_PAUSE`] ago.
    async fn other_than(&self, refused: &AccessToken) -> Result<Option<AccessToken>, UpstreamError> {
        let Sessions { tokens, renewals, clock, .. } = self.sessions.as_ref();
        let user = self.acting.user();
        if tokens.is_ready(user) {
            // Another request may have met the same refusal and renewed the token already.
            let current = self.access_token().await?;
            if !current.is(refused) {
                return Ok(Some(current));
            }
            if !renewals.may_for(user.map(UserAssertion::user), clock.now()) {
                return Ok(None);
            }
            tokens.discard(user, refused);
        }
        self.access_token().await.map(Some)
    }
}

#[async_trait]
impl Session for PowerBiSession {
    fn context(&self) -> &RequestContext {
        &self.context
    }

    fn actor(&self) -> ActorKey {
        self.acting.key()
    }

    fn retry_budget(&self) -> RetryBudget {
        self.retry_budget
    }

    /// A user's access token is requested on behalf of the user, which counts against the caller's budget.
    async fn access_token(&self) -> Result<AccessToken, UpstreamError> {
        let charge = || self.charge().map_err(over_budget);
        self.sessions.tokens.get(&self.context, self.acting.user(), &charge).await
    }

    async fn renewed(
        &self,
        refused: &AccessToken,
        failure: &UpstreamError,
    ) -> Result<Option<AccessToken>, UpstreamError> {
        match failure.kind {
            UpstreamErrorKind::InteractionRequired { .. } => {
                // Power BI accepts no token that was issued before the user answers the challenge.
                self.sessions.tokens.discard(self.acting.user(), refused);
                Ok(None)
            }
            UpstreamErrorKind::TokenRefused { explained } => {
                let renewed = self.other_than(refused).await?;
                if renewed.is_some() {
                    let request_id = &self.context.ids().request;
                    tracing::warn!(
                        explained,
                        request_id,
                        "Power BI refuses the access token; repeating the call with a new one"
                    );
                }
                Ok(renewed)
            }
            _ => Ok(None),
        }
    }
}

fn over_budget(retry_after: Duration) -> UpstreamError {
    let explanation = "the caller requested too many fresh tokens, so Entra was not called";
    UpstreamError::new(Upstream::Entra, UpstreamErrorKind::OverBudget { retry_after }, explanation)
}
