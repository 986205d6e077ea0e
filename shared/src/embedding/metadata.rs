//! What Power BI says of items, kept for a while.

use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use crate::cache::{Aged, Cache};
use crate::clock::Clock;
use crate::domain::{DatasetId, ReportId};
use crate::ports::{DatasetMetadata, Item, ListedDataset, PowerBi, ReportMetadata, WorkspaceMetadata};
use crate::request::{CachedItem, Call};
use crate::token::AccessToken;
use crate::upstream::{Effort, UpstreamError};

const MAX_KEPT: usize = 2000;

/// Workspaces' lists are long; few are looked at by one environment.
const MAX_LISTS: usize = 50;

/// In an outage, old metadata does for another hour: embed URLs hardly change.
const GRACE: Duration = Duration::from_hours(1);

type Kept<Id, T> = Cache<Item<Id>, Aged<T>, UpstreamError>;

/// Metadata of reports, datasets and workspaces.
pub(super) struct Metadata {
    access: Arc<Access>,
    reports: Kept<ReportId, ReportMetadata>,
    datasets: Kept<DatasetId, DatasetMetadata>,
    lists: Kept<(), Arc<[ListedDataset]>>,
    workspaces: Kept<(), WorkspaceMetadata>,
    ttl: Duration,
    clock: Arc<dyn Clock>,
}

/// One look at Power BI, ready to be made with whatever token there is.
type Look<T> = futures_util::future::BoxFuture<'static, Result<T, UpstreamError>>;

impl Metadata {
    pub(super) fn new(ttl: Duration, access: Arc<Access>, clock: Arc<dyn Clock>) -> Self {
        Self {
            access,
            reports: Cache::new(MAX_KEPT),
            datasets: Cache::new(MAX_KEPT),
            lists: Cache::new(MAX_LISTS),
            workspaces: Cache::new(MAX_KEPT),
            ttl,
            clock,
        }
    }

    pub(super) async fn report(&self, call: &Arc<Call>, item: Item<ReportId>) -> Result<ReportMetadata, UpstreamError> {
        let look =
            |powerbi: Arc<dyn PowerBi>, call: Arc<Call>, access: AccessToken, item, effort| -> Look<ReportMetadata> {
                Box::pin(async move { powerbi.report(&call, &access, item, effort).await })
            };
        self.get(CachedItem::Report, &self.reports, call, item, look).await
    }

    pub(super) async fn dataset(
        &self,
        call: &Arc<Call>,
        item: Item<DatasetId>,
    ) -> Result<DatasetMetadata, UpstreamError> {
        let look =
            |powerbi: Arc<dyn PowerBi>, call: Arc<Call>, access: AccessToken, item, effort| -> Look<DatasetMetadata> {
                Box::pin(async move { powerbi.dataset(&call, &access, item, effort).await })
            };
        self.get(CachedItem::Dataset, &self.datasets, call, item, look).await
    }

    pub(super) async fn datasets(
        &self,
        call: &Arc<Call>,
        item: Item<()>,
    ) -> Result<Arc<[ListedDataset]>, UpstreamError> {
        let look = |powerbi: Arc<dyn PowerBi>,
                    call: Arc<Call>,
                    access: AccessToken,
                    item,
                    effort|
         -> Look<Arc<[ListedDataset]>> {
            Box::pin(async move { powerbi.datasets(&call, &access, item, effort).await.map(Arc::from) })
        };
        self.get(CachedItem::DatasetList, &self.lists, call, item, look).await
    }

    pub(super) async fn workspace(&self, call: &Arc<Call>, item: Item<()>) -> Result<WorkspaceMetadata, UpstreamError> {
        let look = |powerbi: Arc<dyn PowerBi>,
                    call: Arc<Call>,
                    access: AccessToken,
                    item,
                    effort|
         -> Look<WorkspaceMetadata> {
            Box::pin(async move { powerbi.workspace(&call, &access, item, effort).await })
        };
        self.get(CachedItem::Workspace, &self.workspaces, call, item, look).await
    }

    async fn get<Id, T>(
        &self,
        what: CachedItem,
        cache: &Kept<Id, T>,
        call: &Arc<Call>,
        item: Item<Id>,
        look: impl Fn(Arc<dyn PowerBi>, Arc<Call>, AccessToken, Item<Id>, Effort) -> Look<T> + Copy + Send + Sync + 'static,
    ) -> Result<T, UpstreamError>
    where
        Id: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
    {
        let now = self.clock.now();
        let effort = Effort::beside_an_old_answer(cache.is_usable(&item, now));
        let load = || {
            let (access, call, ttl, item) = (Arc::clone(&self.access), Arc::clone(call), self.ttl, item.clone());
            Ok::<_, UpstreamError>(async move {
                let question = |powerbi, call, token| look(powerbi, call, token, item.clone(), effort);
                let value = access.ask(&call, &item.viewpoint, question).await?;
                Ok(Aged { value, read_at: now, ttl, grace: GRACE })
            })
        };
        let falls_back = |error: &UpstreamError| error.is_outage() && error.noted_on(call);
        let (kept, origin) = cache.get(item.clone(), now, load, falls_back).await?;
        call.note_origin(what, origin);
        Ok(kept.value)
    }
}
