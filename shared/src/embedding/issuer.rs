//! Embed tokens: made when needed, kept while they are worth using.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::access::{Access, Question, Requester};
use super::audit;
use super::authorizer::Authorized;
use super::error::EmbeddingError;
use super::metadata::Metadata;
use crate::cache::{Cache, Origin, Perishable};
use crate::clock::Clock;
use crate::domain::{Caller, OwnDatasets, Report, TokenRequest};
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
    metadata: Arc<Metadata>,
    cache: Cache<Arc<TokenRequest>, Kept, UpstreamError>,
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
    pub(super) fn new(
        settings: &Settings,
        access: Arc<Access>,
        metadata: Arc<Metadata>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { access, metadata, cache: Cache::new(MAX_KEPT), min_life: settings.min_token, clock }
    }

    /// An embed token for all of the bindings, made or kept; audited, whatever comes of it.
    ///
    /// `connections` to Power BI are opened ahead where the token has to be made.
    pub(super) async fn token(
        &self,
        call: &Arc<Call>,
        caller: &Caller,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
        connections: usize,
    ) -> Result<EmbedToken, EmbeddingError> {
        let request = match self.request(call, authorized, lifetime_minutes).await {
            Ok(request) => request,
            Err(error) => {
                audit::no_embed_token(call, caller, authorized, None, &error);
                return Err(error);
            }
        };
        if !self.cache.is_fresh(&request, self.clock.now()) {
            self.access.connect_ahead(&authorized.requester.acting, connections);
        }
        let issued = self.issue(call, &authorized.requester, &request).await;
        match &issued {
            Ok((token, origin)) => audit::embed_token(call, caller, authorized, &request, token, *origin),
            Err(error) => audit::no_embed_token(call, caller, authorized, Some(&request), error),
        }
        issued.map(|(token, _)| token)
    }

    /// One canonical request for one token over all of the bindings.
    async fn request(
        &self,
        call: &Arc<Call>,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
    ) -> Result<Arc<TokenRequest>, EmbeddingError> {
        let request = TokenRequest::sharing(&authorized.bindings, &OwnDatasets::new(), lifetime_minutes)?;
        // Only now, since bindings that may not share a token cost no call.
        let own_datasets = self.own_datasets(call, authorized).await?;
        if own_datasets.is_empty() {
            return Ok(Arc::new(request));
        }
        Ok(Arc::new(TokenRequest::sharing(&authorized.bindings, &own_datasets, lifetime_minutes)?))
    }

    async fn issue(
        &self,
        call: &Arc<Call>,
        requester: &Requester,
        request: &Arc<TokenRequest>,
    ) -> Result<(EmbedToken, Origin), EmbeddingError> {
        let now = self.clock.now();
        let effort = Effort::beside_an_old_answer(self.cache.is_usable(request, now));
        let load = || {
            let charged = self.access.charge(requester);
            charged.map_err(|retry_after| EmbeddingError::TooManyRequests { retry_after })?;
            Ok(self.load(call, requester, Arc::clone(request), effort))
        };
        let falls_back = |error: &UpstreamError| is_outage(error) && error.noted_on(call);
        let (kept, origin) = match self.cache.get(Arc::clone(request), now, load, falls_back).await {
            Err(EmbeddingError::TooManyRequests { retry_after }) => {
                let kept = self.cache.usable(request, now);
                (kept.ok_or(EmbeddingError::TooManyRequests { retry_after })?, Origin::Fallback)
            }
            other => other?,
        };
        call.note_origin(CachedItem::EmbedToken, origin);
        Ok((kept.token, origin))
    }

    fn load(
        &self,
        call: &Arc<Call>,
        requester: &Requester,
        request: Arc<TokenRequest>,
        effort: Effort,
    ) -> impl Future<Output = Result<Kept, UpstreamError>> + Send + use<> {
        let (access, call, requester) = (Arc::clone(&self.access), Arc::clone(call), requester.clone());
        let min_life = self.min_life;
        async move {
            let generate = |question: Question| {
                let request = Arc::clone(&request);
                async move {
                    let Question { powerbi, call, access, effort } = question;
                    powerbi.generate_token(&call, &access, &request, effort).await
                }
            };
            let token = access.ask(&call, &requester, effort, generate).await?;
            let replaced_under = min_life.min(token.expiry.life / 2);
            Ok(Kept { token, replaced_under })
        }
    }

    /// The own datasets of those reports whose entry asks that the token name them.
    async fn own_datasets(&self, call: &Arc<Call>, authorized: &Authorized) -> Result<OwnDatasets, EmbeddingError> {
        let mut own = OwnDatasets::new();
        let reports = authorized.bindings.as_slice().iter().filter_map(|binding| binding.report());
        for report in reports.filter(|report| report.includes_own_dataset()) {
            let Report { workspace, id, .. } = report;
            let metadata = self.metadata.report(call, &authorized.requester, *workspace, *id).await?;
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
