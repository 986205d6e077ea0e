//! Calling Power BI with an access token, and with a new one if it is refused.

use std::sync::Arc;
use std::time::Duration;

use super::budget::{Account, Budget};
use crate::clock::{Clock, Pacer};
use crate::domain::{Caller, UserAssertion, UserKey};
use crate::ports::{AccessTokens, ActingAs, PowerBi};
use crate::request::RequestContext;
use crate::token::AccessToken;
use crate::upstream::{RetryBudget, Upstream, UpstreamError, UpstreamErrorKind};

/// A refusal may be healed by a new access token, but not by one for every request: all tenants
/// share the service principal's.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// How many users' last renewals are remembered.
const MAX_RENEWALS: usize = 1000;

/// As whom Power BI is asked for a request, and on whose account.
#[derive(Clone)]
pub(super) struct Requester {
    pub(super) acting: ActingAs,
    account: Arc<Account>,
}

impl Requester {
    pub(super) fn new(acting: ActingAs, caller: &Caller) -> Self {
        Self { acting, account: Arc::new(Account::of(caller)) }
    }
}

/// Power BI, opened by the current access token.
pub(super) struct Access {
    tokens: Arc<dyn AccessTokens>,
    powerbi: Arc<dyn PowerBi>,
    clock: Arc<dyn Clock>,
    budget: Budget,
    /// When each user's access token, or the service principal's, was last renewed for a refusal.
    renewals: Pacer<Option<UserKey>>,
}

/// One question to Power BI, with what it takes to put it.
pub(super) struct Question {
    pub(super) powerbi: Arc<dyn PowerBi>,
    pub(super) context: Arc<RequestContext>,
    pub(super) access: AccessToken,
    pub(super) retry_budget: RetryBudget,
}

impl Access {
    pub(super) fn new(
        tokens: Arc<dyn AccessTokens>,
        powerbi: Arc<dyn PowerBi>,
        fresh_tokens_per_minute: usize,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (budget, renewals) = (Budget::new(fresh_tokens_per_minute), Pacer::by_key(RENEWAL_PAUSE, MAX_RENEWALS));
        Self { tokens, powerbi, clock, budget, renewals }
    }

    /// Opens connections to Power BI while the access token is being fetched.
    pub(super) fn preconnect(&self, acting: &ActingAs, connections: usize) {
        if !self.tokens.is_ready(acting.user()) {
            self.powerbi.preconnect(connections);
        }
    }

    /// The service principal's access token, which is on nobody's account.
    pub(super) async fn service_token(&self, context: &Arc<RequestContext>) -> Result<AccessToken, UpstreamError> {
        self.tokens.get(context, None, &|| Ok(())).await
    }

    /// The access token with which Power BI is asked. A user's is got on behalf of the user, which
    /// counts against the caller's budget.
    pub(super) async fn token(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
    ) -> Result<AccessToken, UpstreamError> {
        let charge = || self.charge(requester).map_err(over_budget);
        self.tokens.get(context, requester.acting.user(), &charge).await
    }

    /// Takes a fresh token out of the requester's budget, or says when one is left.
    pub(super) fn charge(&self, requester: &Requester) -> Result<(), Duration> {
        self.budget.take(&requester.account, self.clock.now())
    }

    /// Asks Power BI; where it refuses the access token, once more with another.
    pub(super) async fn ask<T, F>(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        retry_budget: RetryBudget,
        question: impl Fn(Question) -> F + Send,
    ) -> Result<T, UpstreamError>
    where
        F: Future<Output = Result<T, UpstreamError>> + Send,
    {
        let ask = |access| {
            question(Question {
                powerbi: Arc::clone(&self.powerbi),
                context: Arc::clone(context),
                access,
                retry_budget,
            })
        };
        let access = self.token(context, requester).await?;
        let answer = ask(access.clone()).await;
        if let Err(UpstreamError { kind: UpstreamErrorKind::InteractionRequired { .. }, .. }) = &answer {
            // Power BI takes no token that was got before the user has answered the challenge.
            self.tokens.discard(requester.acting.user(), &access);
        }
        let Err(UpstreamError { kind: UpstreamErrorKind::TokenRefused { explained }, .. }) = answer else {
            return answer;
        };
        match self.renewed(context, requester, &access).await? {
            Some(renewed) => {
                let request_id = &context.ids().request;
                tracing::warn!(explained, request_id, "Power BI refuses the access token; asking with a new one");
                ask(renewed).await
            }
            None => answer,
        }
    }

    /// Another access token than the refused one; `None` where one was made too lately.
    async fn renewed(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        refused: &AccessToken,
    ) -> Result<Option<AccessToken>, UpstreamError> {
        let user = requester.acting.user();
        if self.tokens.is_ready(user) {
            // Another request may have met the same refusal and renewed the token already.
            let current = self.token(context, requester).await?;
            if !current.is(refused) {
                return Ok(Some(current));
            }
            if !self.renewals.may_for(user.map(UserAssertion::user), self.clock.now()) {
                return Ok(None);
            }
            self.tokens.discard(user, refused);
        }
        self.token(context, requester).await.map(Some)
    }
}

fn over_budget(retry_after: Duration) -> UpstreamError {
    let explanation = "the caller asked for too many fresh tokens, so Entra was not asked";
    UpstreamError::new(Upstream::Entra, UpstreamErrorKind::OverBudget { retry_after }, explanation)
}
