//! Access tokens: one for the service principal, one for each user; renewed early.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::EntraClient;
use crate::cache::{Cache, Expiring};
use crate::clock::Clock;
use crate::domain::{AccessToken, UserAssertion, UserKey};
use crate::ports::{AccessTokens, Charge};
use crate::request::{CachedItem, RequestContext};
use crate::secrets::PrincipalSource;
use crate::upstream::{RetryBudget, UpstreamError, UpstreamErrorKind};

/// By how much the life of an access token has to exceed the promised life of an embed token.
const HEADROOM: Duration = Duration::from_mins(5);

/// After a failed renewal, the old token is used for this time before Entra is called again.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// The most tokens that are cached. A user's token takes about 2 KiB.
const MAX_KEPT: usize = 500;

/// Access tokens by the client credentials grant, or on behalf of users.
pub struct EntraTokens {
    entra: EntraClient,
    principals: Arc<dyn PrincipalSource>,
    cache: Cache<Option<UserKey>, CachedAccessToken, UpstreamError>,
    min_life: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug)]
struct CachedAccessToken {
    token: AccessToken,
    refresh_margin: Duration,
}

impl Expiring for CachedAccessToken {
    fn is_fresh(&self, now: SystemTime) -> bool {
        self.token.expiry.remaining(now) > self.refresh_margin
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        !self.token.expiry.remaining(now).is_zero()
    }
}

/// An embed token ends with the access token that made it. The access token is therefore renewed while embed tokens
/// that it makes still have the promised life.
fn refresh_margin(min_life: Duration, life: Duration) -> Duration {
    (min_life + HEADROOM).max(life / 2).min(life.mul_f64(0.8))
}

impl EntraTokens {
    /// Access tokens with enough life for embed tokens of at least `min_life`.
    #[must_use]
    pub fn new(
        entra: EntraClient,
        principals: Arc<dyn PrincipalSource>,
        min_life: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { entra, principals, cache: Cache::new(MAX_KEPT).pausing(RENEWAL_PAUSE), min_life, clock }
    }

    fn load(
        &self,
        context: &Arc<RequestContext>,
        user: Option<UserAssertion>,
        retry_budget: RetryBudget,
    ) -> impl Future<Output = Result<CachedAccessToken, UpstreamError>> + Send + use<> {
        let (entra, principals, context) = (self.entra.clone(), Arc::clone(&self.principals), Arc::clone(context));
        let min_life = self.min_life;
        async move {
            let token = request(&entra, &*principals, &context, user.as_ref(), retry_budget).await?;
            let refresh_margin = refresh_margin(min_life, token.expiry.life);
            Ok(CachedAccessToken { token, refresh_margin })
        }
    }
}

/// Requests a token from Entra. If Entra refuses the credential and there is another one, the request is repeated with
/// the other.
async fn request(
    entra: &EntraClient,
    principals: &dyn PrincipalSource,
    context: &Arc<RequestContext>,
    user: Option<&UserAssertion>,
    retry_budget: RetryBudget,
) -> Result<AccessToken, UpstreamError> {
    if !principals.is_ready() {
        entra.preconnect();
    }
    let principal = principals.get(context).await?;
    let refusal = match entra.token(context, &principal, user, retry_budget).await {
        Err(error) if error.kind == UpstreamErrorKind::InvalidClient => error,
        other => return other,
    };
    match principals.get_other(context, &principal).await {
        Ok(Some(other)) => entra.token(context, &other, user, retry_budget).await,
        Ok(None) => Err(refusal),
        Err(unread) => {
            let explanation = format!("{}; another credential could not be read: {unread}", refusal.explanation);
            Err(UpstreamError { explanation, ..refusal })
        }
    }
}

/// The cache key: the service principal has one token, and each user has one.
fn key(user: Option<&UserAssertion>) -> Option<UserKey> {
    user.map(UserAssertion::user)
}

#[async_trait]
impl AccessTokens for EntraTokens {
    fn is_ready(&self, user: Option<&UserAssertion>) -> bool {
        self.cache.is_fresh(&key(user), self.clock.now())
    }

    async fn get(
        &self,
        context: &Arc<RequestContext>,
        user: Option<&UserAssertion>,
        charge: Charge<'_>,
    ) -> Result<AccessToken, UpstreamError> {
        let now = self.clock.now();
        let key = key(user);
        // If the old token is still valid, one attempt is enough: the request needs its time for Power BI.
        let retry_budget = if self.cache.is_usable(&key, now) { RetryBudget::Once } else { RetryBudget::Full };
        let load = || {
            if user.is_some() {
                charge()?;
            }
            Ok::<_, UpstreamError>(self.load(context, user.cloned(), retry_budget))
        };
        // Even after a refusal, the token that Entra issued earlier stays valid until it expires.
        let cached = self.cache.get(key, now, load, |_| true).await?;
        context.note_cached(CachedItem::AccessToken, &cached);
        Ok(cached.into_value().token)
    }

    fn discard(&self, user: Option<&UserAssertion>, refused: &AccessToken) {
        self.cache.forget(&key(user), |kept| kept.token.is(refused));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_leaves_every_embed_token_its_promised_life() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        for (min_life, life, expected) in [
            // Half of an hour is more than 15 + 5 minutes.
            (15, 60, minutes(30)),
            (40, 60, minutes(45)),
            // Never more than four fifths, or a short token would be renewed for ever.
            (15, 10, minutes(8)),
            (60, 60, minutes(48)),
        ] {
            assert_eq!(refresh_margin(minutes(min_life), minutes(life)), expected);
        }
    }
}
