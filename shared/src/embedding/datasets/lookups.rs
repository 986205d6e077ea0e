//! Looks up everything that is granted, a few items at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};

use super::granted::Items;
use crate::domain::{Dataset, DatasetId, Report, ReportId, WorkspaceId};
use crate::embedding::metadata::{AT_ONCE, Metadata, Purpose};
use crate::embedding::session::PowerBiSession;
use crate::ports::{DatasetMetadata, ListedDataset, ReportMetadata, WorkspaceMetadata};
use crate::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

/// What was found.
pub(super) struct LookupResults {
    workspaces: BTreeMap<WorkspaceId, Result<WorkspaceMetadata, UpstreamError>>,
    reports: BTreeMap<(WorkspaceId, ReportId), Result<ReportMetadata, UpstreamError>>,
    lists: BTreeMap<WorkspaceId, Result<Arc<[ListedDataset]>, UpstreamError>>,
    absent: UpstreamError,
}

enum Lookup {
    Workspace(WorkspaceId, Result<WorkspaceMetadata, UpstreamError>),
    Report((WorkspaceId, ReportId), Result<ReportMetadata, UpstreamError>),
    List(WorkspaceId, Result<Arc<[ListedDataset]>, UpstreamError>),
}

impl LookupResults {
    /// Looks up each workspace and report once, and lists the datasets of each workspace once.
    pub(super) async fn at(metadata: &Metadata, session: &PowerBiSession, items: &Items) -> Self {
        let reports: BTreeSet<_> = items.reports.iter().map(|(_, report)| (report.workspace, report.id)).collect();
        let of_reports = reports.iter().map(|(workspace, _)| *workspace);
        let of_datasets = || items.datasets.iter().map(|item| item.dataset.workspace);
        let workspaces: BTreeSet<_> = of_reports.chain(of_datasets()).collect();
        // A report's own dataset is usually in the same workspace.
        let with_own = items.reports.iter().map(|(_, report)| report).filter(|report| report.includes_own_dataset());
        let lists: BTreeSet<_> = with_own.map(|report| report.workspace).chain(of_datasets()).collect();

        let look_at_workspace = |workspace: WorkspaceId| -> BoxFuture<'_, Lookup> {
            async move { Lookup::Workspace(workspace, metadata.workspace(session, workspace).await) }.boxed()
        };
        let look_at_report = |(workspace, id): (WorkspaceId, ReportId)| -> BoxFuture<'_, Lookup> {
            async move { Lookup::Report((workspace, id), metadata.report(session, workspace, id).await) }.boxed()
        };
        let list = |workspace: WorkspaceId| -> BoxFuture<'_, Lookup> {
            let listed = async move { metadata.datasets(session, workspace, Purpose::Inform).await };
            async move { Lookup::List(workspace, listed.await) }.boxed()
        };
        let lookups: Vec<_> = (workspaces.into_iter().map(look_at_workspace))
            .chain(reports.into_iter().map(look_at_report))
            .chain(lists.into_iter().map(list))
            .collect();
        stream::iter(lookups)
            .buffer_unordered(AT_ONCE)
            .fold(Self::none(), |lookups, lookup| async { lookups.with(lookup) })
            .await
    }

    fn none() -> Self {
        let absent = UpstreamError::new(
            Upstream::PowerBi,
            UpstreamErrorKind::NotFound,
            "the list of its workspace does not contain the item",
        );
        Self { workspaces: BTreeMap::new(), reports: BTreeMap::new(), lists: BTreeMap::new(), absent }
    }

    fn with(mut self, lookup: Lookup) -> Self {
        match lookup {
            Lookup::Workspace(key, result) => drop(self.workspaces.insert(key, result)),
            Lookup::Report(key, result) => drop(self.reports.insert(key, result)),
            Lookup::List(key, result) => drop(self.lists.insert(key, result)),
        }
        self
    }

    pub(super) fn workspace(&self, id: WorkspaceId) -> Result<&WorkspaceMetadata, &UpstreamError> {
        self.workspaces.get(&id).map_or(Err(&self.absent), Result::as_ref)
    }

    pub(super) fn report(&self, report: &Report) -> Result<&ReportMetadata, &UpstreamError> {
        self.reports.get(&(report.workspace, report.id)).map_or(Err(&self.absent), Result::as_ref)
    }

    pub(super) fn dataset(&self, dataset: &Dataset) -> Result<&DatasetMetadata, &UpstreamError> {
        let list = self.lists.get(&dataset.workspace).map_or(Err(&self.absent), Result::as_ref)?;
        let listed = list.iter().find(|listed| listed.id == dataset.id);
        listed.map(|listed| &listed.metadata).ok_or(&self.absent)
    }

    /// A dataset whose workspace is not known, if one of the lists that were read contains it.
    pub(super) fn dataset_anywhere(&self, id: DatasetId) -> Option<&DatasetMetadata> {
        let mut listed = self.lists.values().filter_map(|list| list.as_ref().ok()).flat_map(|list| list.iter());
        listed.find(|listed| listed.id == id).map(|listed| &listed.metadata)
    }

    /// The failures of look-ups, without those for items that do not exist.
    pub(super) fn failures(&self) -> impl Iterator<Item = &UpstreamError> {
        self.errors().flatten().filter(|error| error.kind != UpstreamErrorKind::NotFound)
    }

    /// The failures for workspaces that do not exist.
    pub(super) fn missing_workspaces(&self) -> impl Iterator<Item = &UpstreamError> {
        let errors = self.workspaces.values().filter_map(|lookup| lookup.as_ref().err());
        errors.filter(|error| error.kind == UpstreamErrorKind::NotFound)
    }

    /// The failure, if nothing could be looked up.
    pub(super) fn total_failure(&self) -> Option<&UpstreamError> {
        (self.failures().count() == self.errors().count()).then(|| self.failures().next()).flatten()
    }

    /// The error of each look-up, if it has one.
    fn errors(&self) -> impl Iterator<Item = Option<&UpstreamError>> {
        let workspaces = self.workspaces.values().map(|lookup| lookup.as_ref().err());
        let reports = self.reports.values().map(|lookup| lookup.as_ref().err());
        let lists = self.lists.values().map(|lookup| lookup.as_ref().err());
        workspaces.chain(reports).chain(lists)
    }
}
