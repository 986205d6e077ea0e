//! Embed tokens: made when needed, cached while they are usable.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::audit;
use super::authorizer::Authorized;
use super::error::EmbeddingError;
use super::metadata::Metadata;
use super::session::PowerBiSession;
use crate::cache::{Cache, CacheStatus, Cached, Expiring};
use crate::clock::Clock;
use crate::domain::{Caller, EmbedToken, OwnDatasets, Report, TokenRequest};
use crate::ports::Session as _;
use crate::request::CachedItem;
use crate::settings::Settings;
use crate::store::{Claim, LAST_USE, SharedStore, Turn};
use crate::upstream::{RetryBudget, Upstream, UpstreamError, UpstreamErrorKind};

/// The most tokens that are cached. Each takes about 2 to 3 KiB.
const MAX_KEPT: usize = 1000;

/// Makes embed tokens.
pub(super) struct Issuer {
    metadata: Arc<Metadata>,
    cache: Cache<Arc<TokenRequest>, CachedEmbedToken, UpstreamError>,
    min_life: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct CachedEmbedToken {
    token: EmbedToken,
    refresh_margin: Duration,
    /// Whether another environment has made it.
    is_shared: bool,
}

impl Expiring for CachedEmbedToken {
    fn is_fresh(&self, now: SystemTime) -> bool {
        self.token.expiry.remaining(now) > self.refresh_margin
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        self.token.expiry.remaining(now) > LAST_USE
    }
}

impl Issuer {
    pub(super) fn new(settings: &Settings, metadata: Arc<Metadata>, clock: Arc<dyn Clock>) -> Self {
        Self { metadata, cache: Cache::new(MAX_KEPT), min_life: settings.min_token, clock }
    }

    /// An embed token for all of the bindings, made or cached. Success and failure are audited.
    ///
    /// `connections` to Power BI are opened early if the token has to be made.
    pub(super) async fn token(
        &self,
        caller: &Caller,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
        connections: usize,
    ) -> Result<EmbedToken, EmbeddingError> {
        let request = match self.request(authorized, lifetime_minutes).await {
            Ok(request) => request,
            Err(error) => {
                audit::no_embed_token(caller, authorized, None, &error);
                return Err(error);
            }
        };
        let issued = if let Some(cached) = self.cache.fresh(&request, self.clock.now()) {
            authorized.session.context().note_cache_status(CachedItem::EmbedToken, CacheStatus::Hit);
            Ok((cached.token, CacheStatus::Hit.as_str()))
        } else {
            authorized.session.preconnect(connections);
            self.issue(&authorized.session, &request, connections).await
        };
        match &issued {
            Ok((token, origin)) => audit::embed_token(caller, authorized, &request, token, origin),
            Err(error) => audit::no_embed_token(caller, authorized, Some(&request), error),
        }
        issued.map(|(token, _)| token)
    }

    /// One canonical request for one token that covers all of the bindings.
    async fn request(
        &self,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
    ) -> Result<Arc<TokenRequest>, EmbeddingError> {
        let request = TokenRequest::sharing(&authorized.bindings, &OwnDatasets::new(), lifetime_minutes)?;
        // The look-up comes after the check, so that bindings that may not share a token cost no call.
        let own_datasets = self.own_datasets(authorized).await?;
        if own_datasets.is_empty() {
            return Ok(Arc::new(request));
        }
        Ok(Arc::new(TokenRequest::sharing(&authorized.bindings, &own_datasets, lifetime_minutes)?))
    }

    /// The token, and where it came from.
    async fn issue(
        &self,
        session: &PowerBiSession,
        request: &Arc<TokenRequest>,
        connections: usize,
    ) -> Result<(EmbedToken, &'static str), EmbeddingError> {
        let now = self.clock.now();
        // Read before `load` runs, because the cache holds its lock while it calls `load`.
        let in_memory = self.cache.usable(request, now).map(|cached| cached.token);
        let load = || {
            let making = Making {
                session: session.clone(),
                request: Arc::clone(request),
                in_memory: in_memory.clone(),
                min_life: self.min_life,
                connections,
            };
            Ok::<_, UpstreamError>(making.run())
        };
        // A token that was issued earlier may be used even if the caller's budget is used up.
        let falls_back = |error: &UpstreamError| error.is_over_budget() || is_outage(error);
        let cached = self.cache.get(Arc::clone(request), now, load, falls_back).await?;
        let (context, item) = (session.context(), CachedItem::EmbedToken);
        let origin = match &cached {
            Cached::Miss(token) if token.is_shared => {
                context.note_cache_status(item, CacheStatus::Hit);
                "store"
            }
            Cached::Stale(_, failure) if failure.is_over_budget() => {
                context.note_cache_status(item, CacheStatus::Stale);
                CacheStatus::Stale.as_str()
            }
            cached => {
                context.note_cached(item, cached);
                cached.status().as_str()
            }
        };
        Ok((cached.into_value().token, origin))
    }

    /// The own datasets of the reports whose entries have `includeOwnDataset`.
    async fn own_datasets(&self, authorized: &Authorized) -> Result<OwnDatasets, EmbeddingError> {
        let mut own = OwnDatasets::new();
        let reports = authorized.bindings.as_slice().iter().filter_map(|binding| binding.report());
        for report in reports.filter(|report| report.includes_own_dataset()) {
            let Report { workspace, id, .. } = report;
            let metadata = self.metadata.report(&authorized.session, *workspace, *id).await?;
            own.extend(metadata.own_dataset.map(|dataset| (*id, dataset)));
        }
        Ok(own)
    }
}

/// What is needed to make a token, or to take the one that another environment has made.
struct Making {
    session: PowerBiSession,
    request: Arc<TokenRequest>,
    /// The old token in memory.
    in_memory: Option<EmbedToken>,
    min_life: Duration,
    /// How many connections to Power BI the request needs.
    connections: usize,
}

impl Making {
    async fn run(self) -> Result<CachedEmbedToken, UpstreamError> {
        let Some(store) = self.session.store() else { return self.make(self.in_memory.is_some()).await };
        let context = self.session.request();
        let margin = |life| refresh_margin(self.min_life, life);
        match store.token(context, &self.request, self.in_memory.clone(), margin).await {
            Turn::Take(token) => {
                context.note_cache_status(CachedItem::SharedToken, CacheStatus::Hit);
                Ok(self.cached(token, true))
            }
            Turn::Make { claim, old } => {
                context.note_cache_status(CachedItem::SharedToken, CacheStatus::Miss);
                self.session.preconnect_at_once(self.connections);
                self.make_and_share(store, claim, old).await
            }
        }
    }

    async fn make_and_share(
        &self,
        store: &SharedStore,
        claim: Option<Claim>,
        old: Option<EmbedToken>,
    ) -> Result<CachedEmbedToken, UpstreamError> {
        match self.make(old.is_some()).await {
            Ok(made) => {
                store.keep_token(self.session.request(), &self.request, &made.token);
                Ok(made)
            }
            Err(error) => {
                store.give_up(self.session.request(), &self.request, claim);
                let old = old.filter(|_| error.is_over_budget() || is_outage(&error)).ok_or_else(|| error.clone())?;
                self.session.context().note_degraded((&error).into());
                Ok(self.cached(old, true))
            }
        }
    }

    /// Calls Power BI. The call counts against the budget of the caller that needs the token.
    async fn make(&self, stale_is_usable: bool) -> Result<CachedEmbedToken, UpstreamError> {
        self.session.charge().map_err(over_budget)?;
        let session = self.session.with_retry_budget(RetryBudget::when_stale_is_usable(stale_is_usable));
        let token = session.powerbi().generate_token(&session, &self.request).await?;
        Ok(self.cached(token, false))
    }

    fn cached(&self, token: EmbedToken, is_shared: bool) -> CachedEmbedToken {
        let refresh_margin = refresh_margin(self.min_life, token.expiry.life);
        CachedEmbedToken { token, refresh_margin, is_shared }
    }
}

/// A token with more life left than this is handed out without an attempt to renew it.
fn refresh_margin(min_life: Duration, life: Duration) -> Duration {
    min_life.min(life / 2)
}

fn over_budget(retry_after: Duration) -> UpstreamError {
    let explanation = "the caller requested too many fresh tokens, so Power BI was not called";
    UpstreamError::new(Upstream::PowerBi, UpstreamErrorKind::OverBudget { retry_after }, explanation)
}

/// Whether a failure is an outage, in which an old token that is still valid is the better answer. A refusal is passed
/// on.
fn is_outage(error: &UpstreamError) -> bool {
    error.is_outage() || error.kind == UpstreamErrorKind::CredentialsUnavailable
}
