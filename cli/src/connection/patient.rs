//! The functions' client of Power BI for a command. It waits when it is throttled, and reads each list
//! and item once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dynabind::domain::{DatasetId, EmbedToken, ReportId, TokenRequest, WorkspaceId};
use dynabind::ports::{
    ActorKey, DatasetMetadata, Item, ListedDataset, ListedReport, PowerBi, ReportMetadata, Session, WorkspaceMetadata,
};
use dynabind::powerbi::PowerBiClient;
use dynabind::upstream::{UpstreamError, UpstreamErrorKind};
use tokio::sync::OnceCell;

use super::gate::{Gate, MAX_WAITS};
use super::session::Attempt;

type Cells<K, V> = Mutex<HashMap<K, Arc<OnceCell<V>>>>;
type Key<Id> = (ActorKey, WorkspaceId, Id);

/// A client of Power BI that waits when it is throttled.
pub struct PatientPowerBi {
    client: PowerBiClient,
    gate: Arc<Gate>,
    reports: Cells<Key<ReportId>, ReportMetadata>,
    dataset_lists: Cells<Key<()>, Vec<ListedDataset>>,
    report_lists: Cells<Key<()>, Vec<ListedReport>>,
    workspaces: Cells<Key<()>, WorkspaceMetadata>,
    /// The last error of a workspace's look-ups.
    failures: Mutex<HashMap<(ActorKey, WorkspaceId), UpstreamError>>,
}

impl PatientPowerBi {
    pub(super) fn new(client: PowerBiClient, gate: Arc<Gate>) -> Self {
        Self {
            client,
            gate,
            reports: Mutex::default(),
            dataset_lists: Mutex::default(),
            report_lists: Mutex::default(),
            workspaces: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// The last error of a workspace's look-ups.
    pub(crate) fn failure_of(&self, actor: ActorKey, workspace: WorkspaceId) -> Option<UpstreamError> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).get(&(actor, workspace)).cloned()
    }

    /// The dataset that a report was built on, if a look-up has returned it.
    pub(crate) fn own_dataset(&self, report: ReportId) -> Option<DatasetId> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_report = reports.iter().filter(|((_, _, id), _)| *id == report);
        of_report.find_map(|(_, cell)| cell.get()?.own_dataset)
    }

    async fn patiently<'s, T, F>(
        &self,
        session: &'s dyn Session,
        ask: impl Fn(Attempt<'s>) -> F + Send + Sync,
    ) -> Result<T, UpstreamError>
    where
        F: Future<Output = Result<T, UpstreamError>> + Send,
    {
        for _ in 0..MAX_WAITS {
            let place = self.gate.enter().await;
            let answer = ask(Attempt::of(session)).await;
            drop(place);
            match answer {
                Err(UpstreamError { kind: UpstreamErrorKind::Throttled { retry_after }, .. }) => {
                    self.gate.close_for(retry_after);
                }
                answer => return answer,
            }
        }
        let place = self.gate.enter().await;
        let answer = ask(Attempt::of(session)).await;
        drop(place);
        answer
    }

    async fn once<'s, Id, T, F>(
        &self,
        cells: &Cells<Key<Id>, T>,
        session: &'s dyn Session,
        (workspace, id): (WorkspaceId, Id),
        ask: impl Fn(Attempt<'s>) -> F + Send + Sync,
    ) -> Result<T, UpstreamError>
    where
        Id: Copy + Eq + Hash + Send + Sync,
        T: Clone + Send + Sync,
        F: Future<Output = Result<T, UpstreamError>> + Send,
    {
        let actor = session.actor();
        let key = (actor, workspace, id);
        let cell = Arc::clone(cells.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        let answer = cell.get_or_try_init(|| self.patiently(session, ask)).await.cloned();
        if let Err(error) = &answer {
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.insert((actor, workspace), error.clone());
        }
        answer
    }
}

#[async_trait]
impl PowerBi for PatientPowerBi {
    fn preconnect(&self, _: usize) {}

    async fn generate_token(&self, session: &dyn Session, request: &TokenRequest) -> Result<EmbedToken, UpstreamError> {
        self.patiently(session, |attempt| async move { self.client.generate_token(&attempt, request).await }).await
    }

    async fn report(&self, session: &dyn Session, item: Item<ReportId>) -> Result<ReportMetadata, UpstreamError> {
        let ask = |attempt| async move { self.client.report(&attempt, item).await };
        self.once(&self.reports, session, (item.workspace, item.id), ask).await
    }

    async fn dataset(&self, session: &dyn Session, item: Item<DatasetId>) -> Result<DatasetMetadata, UpstreamError> {
        self.patiently(session, |attempt| async move { self.client.dataset(&attempt, item).await }).await
    }

    async fn datasets(
        &self,
        session: &dyn Session,
        workspace: WorkspaceId,
    ) -> Result<Vec<ListedDataset>, UpstreamError> {
        let ask = |attempt| async move { self.client.datasets(&attempt, workspace).await };
        self.once(&self.dataset_lists, session, (workspace, ()), ask).await
    }

    async fn reports(&self, session: &dyn Session, workspace: WorkspaceId) -> Result<Vec<ListedReport>, UpstreamError> {
        let ask = |attempt| async move { self.client.reports(&attempt, workspace).await };
        self.once(&self.report_lists, session, (workspace, ()), ask).await
    }

    async fn workspace(
        &self,
        session: &dyn Session,
        workspace: WorkspaceId,
    ) -> Result<WorkspaceMetadata, UpstreamError> {
        let ask = |attempt| async move { self.client.workspace(&attempt, workspace).await };
        self.once(&self.workspaces, session, (workspace, ()), ask).await
    }
}
