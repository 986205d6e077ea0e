//! Embed tokens: made when needed, cached while they are worth using.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::audit;
use super::authorizer::Authorized;
use super::error::EmbeddingError;
use super::metadata::Metadata;
use super::session::PowerBiSession;
use crate::cache::{Cache, CacheStatus, Expiring};
use crate::clock::Clock;
use crate::domain::{Caller, EmbedToken, OwnDatasets, Report, TokenRequest};
use crate::ports::Session as _;
use crate::request::CachedItem;
use crate::settings::Settings;
use crate::upstream::{RetryBudget, UpstreamError, UpstreamErrorKind};

/// About 2 to 3 KiB each.
const MAX_KEPT: usize = 1000;

/// Under this a cached token is not worth handing out even in an outage.
const LAST_USE: Duration = Duration::from_mins(1);

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

    /// An embed token for all of the bindings, made or cached; audited, whatever comes of it.
    ///
    /// `connections` to Power BI are opened ahead where the token has to be made.
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
        if !self.cache.is_fresh(&request, self.clock.now()) {
            authorized.session.preconnect(connections);
        }
        let issued = self.issue(&authorized.session, &request).await;
        match &issued {
            Ok((token, status)) => audit::embed_token(caller, authorized, &request, token, *status),
            Err(error) => audit::no_embed_token(caller, authorized, Some(&request), error),
        }
        issued.map(|(token, _)| token)
    }

    /// One canonical request for one token over all of the bindings.
    async fn request(
        &self,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
    ) -> Result<Arc<TokenRequest>, EmbeddingError> {
        let request = TokenRequest::sharing(&authorized.bindings, &OwnDatasets::new(), lifetime_minutes)?;
        // Only now, since bindings that may not share a token cost no call.
        let own_datasets = self.own_datasets(authorized).await?;
        if own_datasets.is_empty() {
            return Ok(Arc::new(request));
        }
        Ok(Arc::new(TokenRequest::sharing(&authorized.bindings, &own_datasets, lifetime_minutes)?))
    }

    async fn issue(
        &self,
        session: &PowerBiSession,
        request: &Arc<TokenRequest>,
    ) -> Result<(EmbedToken, CacheStatus), EmbeddingError> {
        let now = self.clock.now();
        let retry_budget = RetryBudget::when_stale_is_usable(self.cache.is_usable(request, now));
        let load = || {
            let charged = session.charge();
            charged.map_err(|retry_after| EmbeddingError::TooManyRequests { retry_after })?;
            Ok(self.load(session.with_retry_budget(retry_budget), Arc::clone(request)))
        };
        match self.cache.get(Arc::clone(request), now, load, is_outage).await {
            Ok(cached) => {
                session.context().note_cached(CachedItem::EmbedToken, &cached);
                let status = cached.status();
                Ok((cached.into_value().token, status))
            }
            Err(EmbeddingError::TooManyRequests { retry_after }) => {
                // The caller's budget says nothing about a token that was issued earlier.
                let cached = self.cache.usable(request, now).ok_or(EmbeddingError::TooManyRequests { retry_after })?;
                session.context().note_cache_status(CachedItem::EmbedToken, CacheStatus::Stale);
                Ok((cached.token, CacheStatus::Stale))
            }
            Err(error) => Err(error),
        }
    }

    fn load(
        &self,
        session: PowerBiSession,
        request: Arc<TokenRequest>,
    ) -> impl Future<Output = Result<CachedEmbedToken, UpstreamError>> + Send + use<> {
        let min_life = self.min_life;
        async move {
            let token = session.powerbi().generate_token(&session, &request).await?;
            let refresh_margin = min_life.min(token.expiry.life / 2);
            Ok(CachedEmbedToken { token, refresh_margin })
        }
    }

    /// The own datasets of those reports whose entry asks that the token name them.
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

/// In an outage a token that still lives is the better answer; a refusal is
/// an answer of its own.
fn is_outage(error: &UpstreamError) -> bool {
    error.is_outage() || error.kind == UpstreamErrorKind::CredentialsUnavailable
}
