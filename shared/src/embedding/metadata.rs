//! What Power BI says of items, kept for a while.

use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::access::{Access, Question, Requester};
use crate::cache::{Cache, CacheStatus, Expiring, TtlEntry};
use crate::clock::Clock;
use crate::domain::{DatasetId, ReportId, WorkspaceId};
use crate::ports::{ActorKey, DatasetMetadata, Item, ListedDataset, ListedReport, ReportMetadata, WorkspaceMetadata};
use crate::request::{CachedItem, RequestContext};
use crate::store::{LookUpKind, SharedStore};
use crate::upstream::{RetryBudget, Upstream, UpstreamError};

const MAX_KEPT: usize = 2000;

/// Workspaces' lists are long; few are looked at by one environment.
const MAX_LISTS: usize = 50;

/// In an outage, old metadata is good enough for another hour: embed URLs hardly change.
const GRACE: Duration = Duration::from_hours(1);

/// How long a failed or empty look-up is kept: asking again for each request would not change the answer.
const FAILURE_TTL: Duration = Duration::from_secs(30);

/// How long a list of saved reports is kept: a user who has just saved a report opens it next.
const SAVED_REPORTS_TTL: Duration = Duration::from_secs(30);

/// An item, and as whom it is looked at.
type Key<Id> = (ActorKey, WorkspaceId, Id);

type LookUpCache<Id, T> = Cache<Key<Id>, TtlEntry<T>, UpstreamError>;

/// What a look-up is for, which decides whether an old answer will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// It decides what a caller may do: never with an answer older than its time.
    Decide,
    /// It says where or whether something works: in an outage an old answer is better than none.
    Inform,
}

/// Metadata of reports, datasets and workspaces.
pub(super) struct Metadata {
    access: Arc<Access>,
    store: Option<Arc<SharedStore>>,
    reports: LookUpCache<ReportId, ReportMetadata>,
    datasets: LookUpCache<DatasetId, DatasetMetadata>,
    dataset_lists: LookUpCache<(), Arc<[ListedDataset]>>,
    report_lists: LookUpCache<(), Arc<[ListedReport]>>,
    workspaces: LookUpCache<(), WorkspaceMetadata>,
    ttl: Duration,
    clock: Arc<dyn Clock>,
}

/// One look-up: what is looked for, in whose name, and why.
struct LookUp<'l, Id> {
    what: LookUpKind,
    context: &'l Arc<RequestContext>,
    requester: &'l Requester,
    workspace: WorkspaceId,
    id: Id,
    purpose: Purpose,
}

type Answer<T> = BoxFuture<'static, Result<T, UpstreamError>>;

impl Metadata {
    pub(super) fn new(
        ttl: Duration,
        access: Arc<Access>,
        store: Option<Arc<SharedStore>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            access,
            store,
            reports: cache(MAX_KEPT),
            datasets: cache(MAX_KEPT),
            dataset_lists: cache(MAX_LISTS),
            report_lists: cache(MAX_LISTS),
            workspaces: cache(MAX_KEPT),
            ttl,
            clock,
        }
    }

    pub(super) async fn report(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        workspace: WorkspaceId,
        id: ReportId,
    ) -> Result<ReportMetadata, UpstreamError> {
        let look_up = LookUp { what: LookUpKind::Report, context, requester, workspace, id, purpose: Purpose::Inform };
        let ask = |q: Question, item| -> Answer<ReportMetadata> {
            Box::pin(async move { q.powerbi.report(&q.context, &q.access, item, q.retry_budget).await })
        };
        self.get(&self.reports, look_up, self.whole_ttl(), ask).await
    }

    pub(super) async fn dataset(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        workspace: WorkspaceId,
        id: DatasetId,
    ) -> Result<DatasetMetadata, UpstreamError> {
        let look_up = LookUp { what: LookUpKind::Dataset, context, requester, workspace, id, purpose: Purpose::Inform };
        let ask = |q: Question, item| -> Answer<DatasetMetadata> {
            Box::pin(async move { q.powerbi.dataset(&q.context, &q.access, item, q.retry_budget).await })
        };
        self.get(&self.datasets, look_up, self.whole_ttl(), ask).await
    }

    /// A workspace's datasets.
    pub(super) async fn datasets(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        workspace: WorkspaceId,
        purpose: Purpose,
    ) -> Result<Arc<[ListedDataset]>, UpstreamError> {
        let look_up = LookUp { what: LookUpKind::DatasetList, context, requester, workspace, id: (), purpose };
        let ask = |q: Question, item| -> Answer<Arc<[ListedDataset]>> {
            Box::pin(
                async move { q.powerbi.datasets(&q.context, &q.access, item, q.retry_budget).await.map(Arc::from) },
            )
        };
        let whole = self.ttl;
        let ttl = move |list: &Arc<[ListedDataset]>| if list.is_empty() { FAILURE_TTL.min(whole) } else { whole };
        self.get(&self.dataset_lists, look_up, ttl, ask).await
    }

    /// A workspace's reports, which decide what may be opened of those that pages have saved there.
    pub(super) async fn saved_reports(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        workspace: WorkspaceId,
    ) -> Result<Arc<[ListedReport]>, UpstreamError> {
        let purpose = Purpose::Decide;
        let look_up = LookUp { what: LookUpKind::ReportList, context, requester, workspace, id: (), purpose };
        let ask = |q: Question, item| -> Answer<Arc<[ListedReport]>> {
            Box::pin(async move { q.powerbi.reports(&q.context, &q.access, item, q.retry_budget).await.map(Arc::from) })
        };
        let ttl = SAVED_REPORTS_TTL.min(self.ttl);
        self.get(&self.report_lists, look_up, move |_| ttl, ask).await
    }

    /// Keeps what a list says of a report, so that its embed URL is not asked for again.
    pub(super) fn keep_report(&self, requester: &Requester, workspace: WorkspaceId, report: &ListedReport) {
        let (key, now) = ((requester.acting.key(), workspace, report.id), self.clock.now());
        let value = TtlEntry { value: report.metadata.clone(), read_at: now, ttl: self.ttl, grace: GRACE };
        if !self.reports.is_fresh(&key, now) {
            self.reports.put(&key, value, now);
        }
    }

    pub(super) async fn workspace(
        &self,
        context: &Arc<RequestContext>,
        requester: &Requester,
        workspace: WorkspaceId,
    ) -> Result<WorkspaceMetadata, UpstreamError> {
        let purpose = Purpose::Inform;
        let look_up = LookUp { what: LookUpKind::Workspace, context, requester, workspace, id: (), purpose };
        let ask = |q: Question, item| -> Answer<WorkspaceMetadata> {
            Box::pin(async move { q.powerbi.workspace(&q.context, &q.access, item, q.retry_budget).await })
        };
        self.get(&self.workspaces, look_up, self.whole_ttl(), ask).await
    }

    fn whole_ttl<T>(&self) -> impl Fn(&T) -> Duration + Copy + Send + Sync + use<T> {
        let ttl = self.ttl;
        move |_| ttl
    }

    async fn get<Id, T>(
        &self,
        cache: &LookUpCache<Id, T>,
        look_up: LookUp<'_, Id>,
        ttl: impl Fn(&T) -> Duration + Copy + Send + Sync + 'static,
        ask: impl Fn(Question, Item<Id>) -> Answer<T> + Copy + Send + Sync + 'static,
    ) -> Result<T, UpstreamError>
    where
        Id: Copy + Eq + Hash + Send + Serialize + Sync + 'static,
        T: Clone + DeserializeOwned + Send + Serialize + Sync + 'static,
    {
        let LookUp { what, context, requester, workspace, id, purpose } = look_up;
        let now = self.clock.now();
        let key = (requester.acting.key(), workspace, id);
        let retry_budget = RetryBudget::when_stale_is_usable(purpose == Purpose::Inform && cache.is_usable(&key, now));
        let item = Item { actor: requester.acting.key(), workspace, id };
        let load = || {
            let (access, context, requester) = (Arc::clone(&self.access), Arc::clone(context), requester.clone());
            let store = self.store.clone();
            Ok::<_, UpstreamError>(async move {
                if let Some(shared) = shared(store.as_deref(), &context, what, item, ttl, now).await {
                    return Ok(shared);
                }
                let value = access.ask(&context, &requester, retry_budget, |question| ask(question, item)).await?;
                let entry = TtlEntry { ttl: ttl(&value), value, read_at: now, grace: GRACE };
                if let Some(store) = &store {
                    store.keep_look_up(&context, what, item, (&entry.value, now, entry.ttl));
                }
                Ok(entry)
            })
        };
        let falls_back =
            |error: &UpstreamError| purpose == Purpose::Inform && error.is_outage() && error.noted_on(context);
        let (kept, origin) = cache.get(key, now, load, falls_back).await?;
        context.note_cache_status(cached_item(what), origin);
        Ok(kept.value)
    }
}

/// What another environment has looked up, if it may still be trusted.
async fn shared<Id, T>(
    store: Option<&SharedStore>,
    context: &Arc<RequestContext>,
    kind: LookUpKind,
    item: Item<Id>,
    ttl: impl Fn(&T) -> Duration,
    now: SystemTime,
) -> Option<TtlEntry<T>>
where
    Id: Copy + Serialize,
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let entry = store?.look_up(context, kind, item).await.map(|(value, read_at)| TtlEntry {
        ttl: ttl(&value),
        value,
        read_at,
        grace: GRACE,
    });
    let entry = entry.filter(|entry| entry.is_fresh(now));
    let status = if entry.is_some() { CacheStatus::Hit } else { CacheStatus::Miss };
    context.note_cache_status(CachedItem::SharedLookUp, status);
    entry
}

fn cached_item(kind: LookUpKind) -> CachedItem {
    match kind {
        LookUpKind::Report => CachedItem::Report,
        LookUpKind::Dataset => CachedItem::Dataset,
        LookUpKind::DatasetList => CachedItem::DatasetList,
        LookUpKind::ReportList => CachedItem::ReportList,
        LookUpKind::Workspace => CachedItem::Workspace,
    }
}

fn cache<Id, T>(capacity: usize) -> LookUpCache<Id, T>
where
    Id: Copy + Eq + Hash + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    Cache::new(capacity).keeping_failures(FAILURE_TTL, is_kept)
}

/// A failure of Power BI's own. One of ours, or of this request's time, may be over with the next.
fn is_kept(error: &UpstreamError) -> bool {
    error.upstream == Upstream::PowerBi && !error.deadline_exceeded
}
