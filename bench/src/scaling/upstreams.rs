//! Fakes of Entra and Power BI that count their calls.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use dynabind::clock::Clock;
use dynabind::domain::{
    AccessToken, DatasetId, EmbedToken, Expiry, ReportId, TokenRequest, UserAssertion, WorkspaceId,
};
use dynabind::ports::{
    AccessTokens, Charge, DatasetMetadata, Item, ListedDataset, ListedReport, PowerBi, ReportMetadata, Session,
    WorkspaceMetadata,
};
use dynabind::request::RequestContext;
use dynabind::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

use super::{Outcome, StoreUse};

/// The lifetime of access tokens. Entra's tokens live for 60 to 90 minutes, 75 on average ("Configurable token lifetimes").
const ACCESS_TOKEN_LIFE: Duration = Duration::from_mins(75);

/// The calls of all environments.
pub(super) struct Counters {
    clock: Arc<dyn Clock>,
    access_tokens: Mutex<usize>,
    /// Calls of `GenerateToken` in each minute.
    minutes: Mutex<Vec<usize>>,
}

impl Counters {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, access_tokens: Mutex::default(), minutes: Mutex::default() }
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    pub(super) fn outcome(&self, requests: usize) -> Outcome {
        let minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        Outcome {
            requests,
            embed_tokens: minutes.iter().sum(),
            busiest_minute: minutes.iter().copied().max().unwrap_or_default(),
            access_tokens: *self.access_tokens.lock().unwrap_or_else(PoisonError::into_inner),
            store: StoreUse::default(),
        }
    }

    fn count_embed_token(&self) {
        let since = self.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let minute = usize::try_from(since.as_secs() / 60).unwrap_or_default();
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        if minutes.len() <= minute {
            minutes.resize(minute + 1, 0);
        }
        minutes[minute] += 1;
    }
}

/// The upstreams of one environment.
pub(super) struct Counted {
    counters: Arc<Counters>,
    access: Mutex<Option<AccessToken>>,
}

impl Counted {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { counters, access: Mutex::default() }
    }
}

#[async_trait]
impl AccessTokens for Counted {
    fn is_ready(&self, _: Option<&UserAssertion>) -> bool {
        true
    }

    /// Renews the token at half of its lifetime, as `dynabind::entra` does.
    async fn get(
        &self,
        _: &Arc<RequestContext>,
        _: Option<&UserAssertion>,
        _: Charge<'_>,
    ) -> Result<AccessToken, UpstreamError> {
        let now = self.counters.clock.now();
        let mut kept = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = kept.as_ref().filter(|token| token.expiry.remaining(now) > ACCESS_TOKEN_LIFE / 2) {
            return Ok(token.clone());
        }
        *self.counters.access_tokens.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let expiry = Expiry { at: now + ACCESS_TOKEN_LIFE, life: ACCESS_TOKEN_LIFE };
        Ok(kept.insert(AccessToken { value: String::new().into(), expiry }).clone())
    }

    fn discard(&self, _: Option<&UserAssertion>, _: &AccessToken) {}
}

#[async_trait]
impl PowerBi for Counted {
    fn preconnect(&self, _: usize) {}

    /// An embed token ends with the access token that made it.
    async fn generate_token(&self, session: &dyn Session, _: &TokenRequest) -> Result<EmbedToken, UpstreamError> {
        let access = session.access_token().await?;
        self.counters.count_embed_token();
        let life = access.expiry.remaining(self.counters.clock.now());
        let expiry = Expiry { at: access.expiry.at, life };
        Ok(EmbedToken { value: "token".to_owned().into(), id: "id".to_owned(), expiry })
    }

    async fn report(&self, _: &dyn Session, _: Item<ReportId>) -> Result<ReportMetadata, UpstreamError> {
        Err(not_asked())
    }

    async fn dataset(&self, _: &dyn Session, _: Item<DatasetId>) -> Result<DatasetMetadata, UpstreamError> {
        Err(not_asked())
    }

    async fn datasets(&self, _: &dyn Session, _: WorkspaceId) -> Result<Vec<ListedDataset>, UpstreamError> {
        Err(not_asked())
    }

    async fn reports(&self, _: &dyn Session, _: WorkspaceId) -> Result<Vec<ListedReport>, UpstreamError> {
        Err(not_asked())
    }

    async fn workspace(&self, _: &dyn Session, _: WorkspaceId) -> Result<WorkspaceMetadata, UpstreamError> {
        Err(not_asked())
    }
}

/// Tokens need no look-ups, so a look-up is a bug of the simulation.
fn not_asked() -> UpstreamError {
    UpstreamError::new(Upstream::PowerBi, UpstreamErrorKind::NotFound, "the simulation has no look-ups")
}
