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
use crate::token::EmbedToken;
use crate::upstream::{RetryBudget, UpstreamError, UpstreamErrorKind};

/// About 2 to 3 KiB each.
const MAX_KEPT: usize = 1000;

/// Under this a cached token is not worth handing out even in an outage.
const LAST_USE: Duration = Duration::from_mins(1);

/// Makes embed tokens.
pub(super) struct Issuer {
    access: Arc<Access>,
    metadata: Arc<Metadata>,
    cache: Cache<Arc<TokenRequest>, CachedEmbedToken, UpstreamError>,
    min_life: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct CachedEmbedToken {
    token: EmbedToken,
    refresh_margin: Duration,
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
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { access, metadata, cache: Cache::new(MAX_KEPT), min_life: settings.min_token, clock }
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
        if !self.cache.is_fresh(&request, self.clock.now()) {
            self.access.preconnect(&authorized.requester.acting, connections);
        }
        let issued = self.issue(context, &authorized.requester, &request).await;
        match &issued {
            Ok((token, status)) => audit::embed_token(context, caller, authorized, &request, token, *status),
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

    async fn issue(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        request: &Arc<TokenRequest>,
    ) -> Result<(EmbedToken, CacheStatus), EmbeddingError> {
        let now = self.clock.now();
        let retry_budget = RetryBudget::when_stale_is_usable(self.cache.is_usable(request, now));
        let load = || {
            let charged = self.access.charge(requester);
            charged.map_err(|retry_after| EmbeddingError::TooManyRequests { retry_after })?;
            Ok(self.load(context, requester, Arc::clone(request), retry_budget))
        };
        let falls_back = |error: &UpstreamError| is_outage(error) && error.noted_on(context);
        let (cached, status) = match self.cache.get(Arc::clone(request), now, load, falls_back).await {
            Err(EmbeddingError::TooManyRequests { retry_after }) => {
                let cached = self.cache.usable(request, now);
                (cached.ok_or(EmbeddingError::TooManyRequests { retry_after })?, CacheStatus::Stale)
            }
            other => other?,
        };
        context.note_cache_status(CachedItem::EmbedToken, status);
        Ok((cached.token, status))
    }

    fn load(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        request: Arc<TokenRequest>,
        retry_budget: RetryBudget,
    ) -> impl Future<Output = Result<CachedEmbedToken, UpstreamError>> + Send + use<> {
        let (access, context, requester) = (Arc::clone(&self.access), Arc::clone(context), requester.clone());
        let min_life = self.min_life;
        async move {
            let generate = |question: Question| {
                let request = Arc::clone(&request);
                async move {
                    let Question { powerbi, context, access, retry_budget } = question;
                    powerbi.generate_token(&context, &access, &request, retry_budget).await
                }
            };
            let token = access.ask(&context, &requester, retry_budget, generate).await?;
            let refresh_margin = min_life.min(token.expiry.life / 2);
            Ok(CachedEmbedToken { token, refresh_margin })
        }
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

/// In an outage a token that still lives is the better answer; a refusal is
/// an answer of its own.
fn is_outage(error: &UpstreamError) -> bool {
    error.is_outage() || error.kind == UpstreamErrorKind::CredentialsUnavailable
}
