//! The service principal's access token: one for all requests, renewed early.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::EntraClient;
use crate::cache::{Cache, Perishable};
use crate::clock::Clock;
use crate::ports::AccessTokens;
use crate::request::Call;
use crate::secrets::CachedSecret;
use crate::token::AccessToken;
use crate::upstream::{Effort, UpstreamError, UpstreamErrorKind};

/// How much longer than the promised embed token an access token has to live.
const HEADROOM: Duration = Duration::from_mins(5);

/// After a failed renewal, the token that still lives is used for this long
/// before Entra is asked again.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// Access tokens by the client credentials grant.
pub struct ClientCredentials {
    entra: EntraClient,
    secret: Arc<CachedSecret>,
    cache: Cache<(), Kept, UpstreamError>,
    min_embed_life: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Debug)]
struct Kept {
    token: AccessToken,
    renewed_under: Duration,
}

impl Perishable for Kept {
    fn is_fresh(&self, now: SystemTime) -> bool {
        self.token.expiry.remaining(now) > self.renewed_under
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        !self.token.expiry.remaining(now).is_zero()
    }
}

/// An embed token ends with the access token that made it, so that one is
/// renewed while every embed token made with it is still worth using.
fn renewed_under(min_embed_life: Duration, life: Duration) -> Duration {
    (min_embed_life + HEADROOM).max(life / 2).min(life.mul_f64(0.8))
}

impl ClientCredentials {
    /// Tokens of the secret's service principal, good for embed tokens of at
    /// least `min_embed_life`.
    #[must_use]
    pub fn new(entra: EntraClient, secret: Arc<CachedSecret>, min_embed_life: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { entra, secret, cache: Cache::new(1).pausing(RENEWAL_PAUSE), min_embed_life, clock }
    }

    fn load(
        &self,
        call: &Arc<Call>,
        effort: Effort,
    ) -> impl Future<Output = Result<Kept, UpstreamError>> + Send + use<> {
        let (entra, secret, call) = (self.entra.clone(), Arc::clone(&self.secret), Arc::clone(call));
        let min_embed_life = self.min_embed_life;
        async move {
            let token = request(&entra, &secret, &call, effort).await?;
            let renewed_under = renewed_under(min_embed_life, token.expiry.life);
            Ok(Kept { token, renewed_under })
        }
    }
}

/// Asks Entra, and once more if the secret turns out to have been rotated.
async fn request(
    entra: &EntraClient,
    secret: &CachedSecret,
    call: &Arc<Call>,
    effort: Effort,
) -> Result<AccessToken, UpstreamError> {
    if !secret.is_ready() {
        entra.connect_ahead();
    }
    let principal = secret.get(call).await?;
    let refusal = match entra.client_credentials(call, &principal, effort).await {
        Err(error) if error.kind == UpstreamErrorKind::InvalidClient => error,
        other => return other,
    };
    match secret.get_rotated(call, &principal).await {
        Some(rotated) => entra.client_credentials(call, &rotated, effort).await,
        None => Err(refusal),
    }
}

#[async_trait]
impl AccessTokens for ClientCredentials {
    fn is_ready(&self) -> bool {
        self.cache.fresh(&(), self.clock.now()).is_some()
    }

    async fn get(&self, call: &Arc<Call>) -> Result<AccessToken, UpstreamError> {
        let now = self.clock.now();
        // With a living token at hand one attempt is enough: the request's time
        // is better spent on Power BI.
        let effort = if self.cache.usable(&(), now).is_some() { Effort::Once } else { Effort::Full };
        let load = || Ok::<_, UpstreamError>(self.load(call, effort));
        let (kept, _) = self.cache.get((), now, load, |_| true).await?;
        Ok(kept.token)
    }

    fn discard(&self, refused: &AccessToken) {
        self.cache.forget(&(), |kept| kept.token.is(refused));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_leaves_every_embed_token_its_promised_life() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        for (min_embed_life, life, expected) in [
            // Half of an hour is more than 15 + 5 minutes.
            (15, 60, minutes(30)),
            (40, 60, minutes(45)),
            // Never more than four fifths, or a short token would be renewed for ever.
            (15, 10, minutes(8)),
            (60, 60, minutes(48)),
        ] {
            assert_eq!(renewed_under(minutes(min_embed_life), minutes(life)), expected);
        }
    }
}
