//! Power BI's metadata of items, cached.

use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::session::PowerBiSession;
use crate::cache::{Cache, CacheStatus, Expiring, TtlEntry};
use crate::clock::Clock;
use crate::domain::{DatasetId, ReportId, WorkspaceId};
use crate::ports::{
    ActorKey, DatasetMetadata, Item, ListedDataset, ListedReport, ReportMetadata, Session, WorkspaceMetadata,
};
use crate::request::CachedItem;
use crate::store::{LookUpKind, StoredLookUp};
use crate::upstream::{RetryBudget, Upstream, UpstreamError};

const MAX_KEPT: usize = 2000;

/// Workspaces' lists are long, and one environment reads few of them.
const MAX_LISTS: usize = 50;

/// In an outage, old metadata is good enough for another hour: embed URLs hardly change.
const GRACE: Duration = Duration::from_hours(1);

/// How long a failed or empty look-up is cached. A new call for each request would not change the result.
const FAILURE_TTL: Duration = Duration::from_secs(30);

/// How long a list of saved reports is cached: a user who has just saved a report opens it next.
const SAVED_REPORTS_TTL: Duration = Duration::from_secs(30);

/// How many look-ups of one request run at once: enough to hide the network, few enough not to be throttled.
pub(super) const AT_ONCE: usize = 8;

/// The purpose of a look-up, which decides whether an old answer may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// The answer decides what a caller may do, so it is never used after its TTL.
    Decide,
    /// The answer does not decide what a caller may do. In an outage, an old answer is better than none.
    Inform,
}

/// Metadata of reports, datasets and workspaces.
pub(super) struct Metadata {
    reports: LookUps<ReportId, ReportMetadata>,
    datasets: LookUps<DatasetId, DatasetMetadata>,
    dataset_lists: LookUps<(), Arc<[ListedDataset]>>,
    report_lists: LookUps<(), Arc<[ListedReport]>>,
    workspaces: LookUps<(), WorkspaceMetadata>,
    ttl: Duration,
}

impl Metadata {
    pub(super) fn new(ttl: Duration, clock: &Arc<dyn Clock>) -> Self {
        Self {
            reports: LookUps::new(LookUpKind::Report, MAX_KEPT, ttl, clock),
            datasets: LookUps::new(LookUpKind::Dataset, MAX_KEPT, ttl, clock),
            dataset_lists: LookUps::new(LookUpKind::DatasetList, MAX_LISTS, ttl, clock),
            report_lists: LookUps::new(LookUpKind::ReportList, MAX_LISTS, SAVED_REPORTS_TTL.min(ttl), clock),
            workspaces: LookUps::new(LookUpKind::Workspace, MAX_KEPT, ttl, clock),
            ttl,
        }
    }

    pub(super) async fn report(
        &self,
        session: &PowerBiSession,
        workspace: WorkspaceId,
        id: ReportId,
    ) -> Result<ReportMetadata, UpstreamError> {
        let (item, ttl) = (Item { workspace, id }, self.ttl);
        let call = |session: PowerBiSession| async move { Ok((session.powerbi().report(&session, item).await?, ttl)) };
        self.reports.get(session, item, Purpose::Inform, call).await
    }

    pub(super) async fn dataset(
        &self,
        session: &PowerBiSession,
        workspace: WorkspaceId,
        id: DatasetId,
    ) -> Result<DatasetMetadata, UpstreamError> {
        let (item, ttl) = (Item { workspace, id }, self.ttl);
        let call = |session: PowerBiSession| async move { Ok((session.powerbi().dataset(&session, item).await?, ttl)) };
        self.datasets.get(session, item, Purpose::Inform, call).await
    }

    /// A workspace's datasets.
    pub(super) async fn datasets(
        &self,
        session: &PowerBiSession,
        workspace: WorkspaceId,
        purpose: Purpose,
    ) -> Result<Arc<[ListedDataset]>, UpstreamError> {
        let (item, ttl) = (Item { workspace, id: () }, self.ttl);
        let call = |session: PowerBiSession| async move {
            let list = session.powerbi().datasets(&session, workspace).await?;
            let ttl = if list.is_empty() { FAILURE_TTL.min(ttl) } else { ttl };
            Ok((list.into(), ttl))
        };
        self.dataset_lists.get(session, item, purpose, call).await
    }

    /// A workspace's reports, which decide which of the saved reports may be opened.
    pub(super) async fn saved_reports(
        &self,
        session: &PowerBiSession,
        workspace: WorkspaceId,
    ) -> Result<Arc<[ListedReport]>, UpstreamError> {
        let (item, ttl) = (Item { workspace, id: () }, SAVED_REPORTS_TTL.min(self.ttl));
        let call = |session: PowerBiSession| async move {
            Ok((session.powerbi().reports(&session, workspace).await?.into(), ttl))
        };
        self.report_lists.get(session, item, Purpose::Decide, call).await
    }

    /// Caches the metadata of a report that a list contains, so that its embed URL is not looked up again.
    pub(super) fn keep_report(&self, session: &PowerBiSession, workspace: WorkspaceId, report: &ListedReport) {
        self.reports.put(session, Item { workspace, id: report.id }, report.metadata.clone(), self.ttl);
    }

    pub(super) async fn workspace(
        &self,
        session: &PowerBiSession,
        workspace: WorkspaceId,
    ) -> Result<WorkspaceMetadata, UpstreamError> {
        let (item, ttl) = (Item { workspace, id: () }, self.ttl);
        let call =
            |session: PowerBiSession| async move { Ok((session.powerbi().workspace(&session, workspace).await?, ttl)) };
        self.workspaces.get(session, item, Purpose::Inform, call).await
    }
}

/// Look-ups of one kind, cached by item and by the actor who may see it.
struct LookUps<Id, T: Clone> {
    kind: LookUpKind,
    /// The longest time for which an answer is used, even if the environment that stored it would use it for longer.
    longest: Duration,
    cache: Cache<(ActorKey, Item<Id>), TtlEntry<T>, UpstreamError>,
    clock: Arc<dyn Clock>,
}

impl<Id, T> LookUps<Id, T>
where
    Id: Copy + Eq + Hash + Send + Serialize + Sync + 'static,
    T: Clone + DeserializeOwned + Send + Serialize + Sync + 'static,
{
    fn new(kind: LookUpKind, capacity: usize, longest: Duration, clock: &Arc<dyn Clock>) -> Self {
        let cache = Cache::new(capacity).keeping_failures(FAILURE_TTL, is_kept);
        Self { kind, longest, cache, clock: Arc::clone(clock) }
    }

    /// The cached answer, or the answer of `call`, which also returns the TTL of its answer.
    async fn get<F>(
        &self,
        session: &PowerBiSession,
        item: Item<Id>,
        purpose: Purpose,
        call: impl Fn(PowerBiSession) -> F,
    ) -> Result<T, UpstreamError>
    where
        F: Future<Output = Result<(T, Duration), UpstreamError>> + Send + 'static,
    {
        let (key, now) = ((session.actor(), item), self.clock.now());
        let may_be_stale = purpose == Purpose::Inform;
        let retry_budget = RetryBudget::when_stale_is_usable(may_be_stale && self.cache.is_usable(&key, now));
        let load = || {
            let answer = call(session.with_retry_budget(retry_budget));
            let (session, kind, longest) = (session.clone(), self.kind, self.longest);
            Ok::<_, UpstreamError>(async move {
                if let Some(shared) = shared(&session, kind, item, longest, now).await {
                    return Ok(shared);
                }
                let (value, ttl) = answer.await?;
                if let Some(store) = session.store() {
                    store.keep_look_up(session.request(), kind, session.actor(), item, (&value, now, ttl));
                }
                Ok(TtlEntry { value, read_at: now, ttl, grace: GRACE })
            })
        };
        let falls_back = |error: &UpstreamError| may_be_stale && error.is_outage();
        let cached = self.cache.get(key, now, load, falls_back).await?;
        session.context().note_cached(cached_item(self.kind), &cached);
        Ok(cached.into_value().value)
    }

    /// Puts a value in, unless there is a fresh one.
    fn put(&self, session: &PowerBiSession, item: Item<Id>, value: T, ttl: Duration) {
        let (key, now) = ((session.actor(), item), self.clock.now());
        if !self.cache.is_fresh(&key, now) {
            self.cache.put(&key, TtlEntry { value, read_at: now, ttl, grace: GRACE }, now);
        }
    }
}

/// What another environment has looked up, if it is still fresh.
async fn shared<Id: Copy + Serialize, T>(
    session: &PowerBiSession,
    kind: LookUpKind,
    item: Item<Id>,
    longest: Duration,
    now: SystemTime,
) -> Option<TtlEntry<T>>
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let found = session.store()?.look_up(session.request(), kind, session.actor(), item).await;
    let entry = |StoredLookUp { value, read_at, ttl }| TtlEntry { value, read_at, ttl: ttl.min(longest), grace: GRACE };
    let entry = found.map(entry);
    let entry = entry.filter(|entry| entry.is_fresh(now));
    let status = if entry.is_some() { CacheStatus::Hit } else { CacheStatus::Miss };
    session.context().note_cache_status(CachedItem::SharedLookUp, status);
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

/// Whether a failure comes from Power BI. Other failures, such as the deadline of this request, may not affect the next
/// request.
fn is_kept(error: &UpstreamError) -> bool {
    error.upstream == Upstream::PowerBi && !error.deadline_exceeded
}
