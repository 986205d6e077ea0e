//! Embed tokens: made when needed, kept while they are worth using.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::access::Access;
use super::audit;
use super::budget::Budget;
use super::error::EmbeddingError;
use crate::cache::{Cache, Origin, Perishable};
use crate::clock::Clock;
use crate::domain::{Caller, TokenRequest};
use crate::ports::{PowerBi, Viewpoint};
use crate::request::{CachedItem, Call};
use crate::settings::Settings;
use crate::token::EmbedToken;
use crate::upstream::{Effort, UpstreamError, UpstreamErrorKind};

/// About 2 to 3 KiB each.
const MAX_KEPT: usize = 1000;

/// Under this a cached token is not worth handing out even in an outage.
const LAST_USE: Duration = Duration::from_mins(1);

/// Makes embed tokens.
pub(super) struct Issuer {
    access: Arc<Access>,
    cache: Cache<Arc<TokenRequest>, Kept, UpstreamError>,
    budget: Budget,
    min_life: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Kept {
    token: EmbedToken,
    replaced_under: Duration,
}

impl Perishable for Kept {
    fn is_fresh(&self, now: SystemTime) -> bool {
        self.token.expiry.remaining(now) > self.replaced_under
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        self.token.expiry.remaining(now) > LAST_USE
    }
}

impl Issuer {
    pub(super) fn new(settings: &Settings, access: Arc<Access>, clock: Arc<dyn Clock>) -> Self {
        Self {
            access,
            cache: Cache::new(MAX_KEPT),
            budget: Budget::new(settings.fresh_tokens_per_minute),
            min_life: settings.min_token,
            clock,
        }
    }

    /// Whether a token for this is at hand.
    pub(super) fn has_fresh(&self, request: &Arc<TokenRequest>) -> bool {
        self.cache.is_fresh(request, self.clock.now())
    }

    /// A token for the request, made or kept.
    pub(super) async fn issue(
        &self,
        call: &Arc<Call>,
        caller: &Caller,
        request: Arc<TokenRequest>,
    ) -> Result<EmbedToken, EmbeddingError> {
        let now = self.clock.now();
        let effort = Effort::beside_an_old_answer(self.cache.is_usable(&request, now));
        let load = || {
            let taken = self.budget.take(caller.subject(), now);
            taken.map_err(|retry_after| EmbeddingError::TooManyRequests { retry_after })?;
            Ok(self.load(call, Arc::clone(&request), effort))
        };
        let falls_back = |error: &UpstreamError| is_outage(error) && error.noted_on(call);
        let (kept, origin) = match self.cache.get(Arc::clone(&request), now, load, falls_back).await {
            Err(EmbeddingError::TooManyRequests { retry_after }) => {
                let kept = self.cache.usable(&request, now);
                (kept.ok_or(EmbeddingError::TooManyRequests { retry_after })?, Origin::Fallback)
            }
            other => other?,
        };
        call.note_origin(CachedItem::EmbedToken, origin);
        audit::embed_token(call, caller, &request, &kept.token, origin);
        Ok(kept.token)
    }

    fn load(
        &self,
        call: &Arc<Call>,
        request: Arc<TokenRequest>,
        effort: Effort,
    ) -> impl Future<Output = Result<Kept, UpstreamError>> + Send + use<> {
        let (access, call, min_life) = (Arc::clone(&self.access), Arc::clone(call), self.min_life);
        async move {
            let question = |powerbi: Arc<dyn PowerBi>, call: Arc<Call>, token| {
                let request = Arc::clone(&request);
                async move { powerbi.generate_token(&call, &token, &request, effort).await }
            };
            let token = access.ask(&call, &Viewpoint::service(request.profile()), question).await?;
            let replaced_under = min_life.min(token.expiry.life / 2);
            Ok(Kept { token, replaced_under })
        }
    }
}

/// In an outage a token that still lives is the better answer; a refusal is
/// an answer of its own.
fn is_outage(error: &UpstreamError) -> bool {
    error.is_outage() || error.kind == UpstreamErrorKind::CredentialsUnavailable
}
