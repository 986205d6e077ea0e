//! Embed tokens: made when needed, cached while they are worth using.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::access::{Access, Question, Requester};
use super::audit;
use super::authorizer::Authorized;
use super::error::EmbeddingError;
use super::metadata::Metadata;
use crate::cache::{Cache, CacheStatus, Expiring};
use crate::clock::Clock;
use crate::domain::{Caller, OwnDatasets, Report, TokenRequest};
use crate::request::{CachedItem, RequestContext};
use crate::settings::Settings;
use crate::store::{Claim, SharedStore, Turn};
use crate::token::EmbedToken;
use crate::upstream::{RetryBudget, Upstream, UpstreamError, UpstreamErrorKind};

/// About 2 to 3 KiB each.
const MAX_KEPT: usize = 1000;

/// Under this a cached token is not worth handing out even in an outage.
const LAST_USE: Duration = Duration::from_mins(1);

/// Makes embed tokens.
pub(super) struct Issuer {
    access: Arc<Access>,
    metadata: Arc<Metadata>,
    store: Option<Arc<SharedStore>>,
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

/// What it takes to make a token, or to find the one that another environment has made.
struct Making {
    access: Arc<Access>,
    store: Option<Arc<SharedStore>>,
    context: Arc<RequestContext>,
    requester: Requester,
    request: Arc<TokenRequest>,
    /// The old token in memory.
    in_memory: Option<EmbedToken>,
    min_life: Duration,
    /// How many connections to Power BI the request needs.
    connections: usize,
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
    pub(super) fn new(
        settings: &Settings,
        access: Arc<Access>,
        metadata: Arc<Metadata>,
        store: Option<Arc<SharedStore>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { access, metadata, store, cache: Cache::new(MAX_KEPT), min_life: settings.min_token, clock }
    }

    /// An embed token for all of the bindings, made or cached; audited, whatever comes of it.
    ///
    /// `connections` to Power BI are opened ahead where the token has to be made.
    pub(super) async fn token(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
        connections: usize,
    ) -> Result<EmbedToken, EmbeddingError> {
        let request = match self.request(context, authorized, lifetime_minutes).await {
            Ok(request) => request,
            Err(error) => {
                audit::no_embed_token(context, caller, authorized, None, &error);
                return Err(error);
            }
        };
        // With a store, Power BI is hardly needed.
        if self.store.is_none() && !self.cache.is_fresh(&request, self.clock.now()) {
            self.access.preconnect(&authorized.requester.acting, connections);
        }
        let issued = self.issue(context, &authorized.requester, &request, connections).await;
        match &issued {
            Ok((token, origin)) => audit::embed_token(context, caller, authorized, &request, token, origin),
            Err(error) => audit::no_embed_token(context, caller, authorized, Some(&request), error),
        }
        issued.map(|(token, _)| token)
    }

    /// One canonical request for one token over all of the bindings.
    async fn request(
        &self,
        context: &Arc<RequestContext>,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
    ) -> Result<Arc<TokenRequest>, EmbeddingError> {
        let request = TokenRequest::sharing(&authorized.bindings, &OwnDatasets::new(), lifetime_minutes)?;
        // Only now, since bindings that may not share a token cost no call.
        let own_datasets = self.own_datasets(context, authorized).await?;
        if own_datasets.is_empty() {
            return Ok(Arc::new(request));
        }
        Ok(Arc::new(TokenRequest::sharing(&authorized.bindings, &own_datasets, lifetime_minutes)?))
    }

    /// The token, and where it came from.
    async fn issue(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        request: &Arc<TokenRequest>,
        connections: usize,
    ) -> Result<(EmbedToken, &'static str), EmbeddingError> {
        let now = self.clock.now();
        let load = || {
            let making = Making {
                access: Arc::clone(&self.access),
                store: self.store.clone(),
                context: Arc::clone(context),
                requester: requester.clone(),
                request: Arc::clone(request),
                in_memory: self.cache.usable(request, now).map(|cached| cached.token),
                min_life: self.min_life,
                connections,
            };
            Ok::<_, UpstreamError>(making.run())
        };
        let falls_back =
            |error: &UpstreamError| error.is_over_budget() || (is_outage(error) && error.noted_on(context));
        let (cached, status) = self.cache.get(Arc::clone(request), now, load, falls_back).await?;
        let is_shared = cached.is_shared && status == CacheStatus::Miss;
        let (status, origin) = if is_shared { (CacheStatus::Hit, "store") } else { (status, status.as_str()) };
        context.note_cache_status(CachedItem::EmbedToken, status);
        Ok((cached.token, origin))
    }

    /// The own datasets of those reports whose entry asks that the token name them.
    async fn own_datasets(
        &self,
        context: &Arc<RequestContext>,
        authorized: &Authorized,
    ) -> Result<OwnDatasets, EmbeddingError> {
        let mut own = OwnDatasets::new();
        let reports = authorized.bindings.as_slice().iter().filter_map(|binding| binding.report());
        for report in reports.filter(|report| report.includes_own_dataset()) {
            let Report { workspace, id, .. } = report;
            let metadata = self.metadata.report(context, &authorized.requester, *workspace, *id).await?;
            own.extend(metadata.own_dataset.map(|dataset| (*id, dataset)));
        }
        Ok(own)
    }
}

impl Making {
    async fn run(self) -> Result<CachedEmbedToken, UpstreamError> {
        let Some(store) = &self.store else { return self.make(self.in_memory.is_some()).await };
        let margin = |life| refresh_margin(self.min_life, life);
        match store.token(&self.context, &self.request, self.in_memory.clone(), margin).await {
            Turn::Take(token) => {
                self.context.note_cache_status(CachedItem::SharedToken, CacheStatus::Hit);
                Ok(self.cached(token, true))
            }
            Turn::Make { claim, old } => {
                self.context.note_cache_status(CachedItem::SharedToken, CacheStatus::Miss);
                self.access.preconnect(&self.requester.acting, self.connections);
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
                store.keep_token(&self.context, &self.request, &made.token, claim);
                Ok(made)
            }
            Err(error) => {
                store.give_up(&self.context, &self.request, claim);
                let old = old.filter(|_| error.is_over_budget() || is_outage(&error)).ok_or_else(|| error.clone())?;
                self.context.note_degraded(error.as_degraded_cause());
                Ok(self.cached(old, true))
            }
        }
    }

    /// Asks Power BI, on the account of the request that could not do without.
    async fn make(&self, stale_is_usable: bool) -> Result<CachedEmbedToken, UpstreamError> {
        self.access.charge(&self.requester).map_err(over_budget)?;
        let generate = |question: Question| {
            let request = Arc::clone(&self.request);
            async move {
                let Question { powerbi, context, access, retry_budget } = question;
                powerbi.generate_token(&context, &access, &request, retry_budget).await
            }
        };
        let retry_budget = RetryBudget::when_stale_is_usable(stale_is_usable);
        let token = self.access.ask(&self.context, &self.requester, retry_budget, generate).await?;
        Ok(self.cached(token, false))
    }

    fn cached(&self, token: EmbedToken, is_shared: bool) -> CachedEmbedToken {
        let refresh_margin = refresh_margin(self.min_life, token.expiry.life);
        CachedEmbedToken { token, refresh_margin, is_shared }
    }
}

/// How much life a token needs to be handed out without asking for another.
fn refresh_margin(min_life: Duration, life: Duration) -> Duration {
    min_life.min(life / 2)
}

fn over_budget(retry_after: Duration) -> UpstreamError {
    let explanation = "the caller asked for too many fresh tokens";
    UpstreamError::new(Upstream::PowerBi, UpstreamErrorKind::OverBudget { retry_after }, explanation)
}

/// In an outage a token that still lives is the better answer; a refusal is
/// an answer of its own.
fn is_outage(error: &UpstreamError) -> bool {
    error.is_outage() || error.kind == UpstreamErrorKind::CredentialsUnavailable
}
