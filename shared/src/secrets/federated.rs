//! A service principal whose credential is a token for the function's own role: nothing is stored.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::credential::{Credential, ServicePrincipal};
use super::source::PrincipalSource;
use crate::cache::{Cache, Expiring};
use crate::clock::Clock;
use crate::domain::Expiry;
use crate::request::{CachedItem, RequestContext};
use crate::settings::Federation;
use crate::sts::{IdentityToken, StsClient};
use crate::upstream::{RetryBudget, UpstreamError};

/// How long before its end a token is renewed: longer than a request takes.
const RENEWAL_MARGIN: Duration = Duration::from_mins(1);

/// The pause after a failed renewal, while the cached token is valid.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// A token of at least this age is replaced when Entra refuses it; a newer one would be refused again.
const REPLACEABLE_AGE: Duration = Duration::from_secs(30);

/// The service principal, with a token of AWS STS that is kept until shortly before it ends.
pub struct FederatedPrincipal {
    sts: Arc<StsClient>,
    federation: Federation,
    cache: Cache<(), CachedPrincipal, UpstreamError>,
    clock: Arc<dyn Clock>,
    /// Held while a refused token is replaced; other requests wait for the new one.
    replacement: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct CachedPrincipal {
    principal: Arc<ServicePrincipal>,
    expiry: Expiry,
}

impl Expiring for CachedPrincipal {
    fn is_fresh(&self, now: SystemTime) -> bool {
        // If the life is shorter than expected, the margin is half of it.
        self.expiry.remaining(now) > RENEWAL_MARGIN.min(self.expiry.life / 2)
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        !self.expiry.remaining(now).is_zero()
    }
}

impl FederatedPrincipal {
    /// The application of `federation`, with tokens of `sts` as its credential.
    #[must_use]
    pub fn new(sts: StsClient, federation: Federation, clock: Arc<dyn Clock>) -> Self {
        let cache = Cache::new(1).pausing(RETRY_PAUSE);
        Self { sts: Arc::new(sts), federation, cache, clock, replacement: tokio::sync::Mutex::default() }
    }

    fn load(
        &self,
        context: &Arc<RequestContext>,
        retry_budget: RetryBudget,
    ) -> impl Future<Output = Result<CachedPrincipal, UpstreamError>> + Send + use<> {
        let (sts, context, federation) = (Arc::clone(&self.sts), Arc::clone(context), self.federation.clone());
        async move {
            let IdentityToken { value, expiry } = sts.token(&context, retry_budget).await?;
            let principal = ServicePrincipal {
                tenant_id: federation.tenant_id,
                client_id: federation.client_id,
                credential: Credential::Federated(value),
            };
            Ok(CachedPrincipal { principal: Arc::new(principal), expiry })
        }
    }
}

#[async_trait]
impl PrincipalSource for FederatedPrincipal {
    fn is_ready(&self) -> bool {
        self.cache.is_fresh(&(), self.clock.now())
    }

    async fn get(&self, context: &Arc<RequestContext>) -> Result<Arc<ServicePrincipal>, UpstreamError> {
        let now = self.clock.now();
        let retry_budget = if self.cache.is_usable(&(), now) { RetryBudget::Once } else { RetryBudget::Full };
        let load = || Ok::<_, UpstreamError>(self.load(context, retry_budget));
        let cached = self.cache.get((), now, load, |_| true).await?;
        context.note_cached(CachedItem::IdentityToken, &cached);
        Ok(cached.into_value().principal)
    }

    async fn get_other(
        &self,
        context: &Arc<RequestContext>,
        refused: &Arc<ServicePrincipal>,
    ) -> Result<Option<Arc<ServicePrincipal>>, UpstreamError> {
        let _replacement = self.replacement.lock().await;
        let now = self.clock.now();
        let Some(kept) = self.cache.usable(&(), now) else { return Ok(None) };
        if !Arc::ptr_eq(&kept.principal, refused) {
            return Ok(Some(kept.principal));
        }
        let age = kept.expiry.life.saturating_sub(kept.expiry.remaining(now));
        if age < REPLACEABLE_AGE {
            return Ok(None);
        }
        tracing::warn!(request_id = context.ids().request, "Entra refuses the token of STS; requesting a new one");
        let found = self.load(context, RetryBudget::Full).await?;
        self.cache.put(&(), found.clone(), now);
        Ok(Some(found.principal))
    }
}
