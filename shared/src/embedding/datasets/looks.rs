//! Looking at everything within reach, a few items at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};

use super::reach::Items;
use crate::domain::{Dataset, DatasetId, Report, ReportId, WorkspaceId};
use crate::embedding::metadata::Metadata;
use crate::ports::{DatasetMetadata, Item, ReportMetadata, Viewpoint, WorkspaceMetadata};
use crate::request::Call;
use crate::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

/// Enough to hide the network, few enough not to be throttled for a long list.
const AT_ONCE: usize = 8;

/// What was found.
pub(super) struct Looks {
    workspaces: BTreeMap<WorkspaceId, Result<WorkspaceMetadata, UpstreamError>>,
    reports: BTreeMap<(WorkspaceId, ReportId), Result<ReportMetadata, UpstreamError>>,
    datasets: BTreeMap<(WorkspaceId, DatasetId), Result<DatasetMetadata, UpstreamError>>,
    never: UpstreamError,
}

enum Look {
    Workspace(WorkspaceId, Result<WorkspaceMetadata, UpstreamError>),
    Report((WorkspaceId, ReportId), Result<ReportMetadata, UpstreamError>),
    Dataset((WorkspaceId, DatasetId), Result<DatasetMetadata, UpstreamError>),
}

impl Looks {
    /// Looks at each workspace, report and dataset once.
    pub(super) async fn at(metadata: &Metadata, call: &Arc<Call>, viewpoint: &Viewpoint, items: &Items) -> Self {
        let reports: BTreeSet<_> = items.reports.iter().map(|(_, report)| (report.workspace, report.id)).collect();
        let datasets: BTreeSet<_> =
            items.datasets.iter().map(|item| (item.dataset.workspace, item.dataset.id)).collect();
        let of_reports = reports.iter().map(|(workspace, _)| *workspace);
        let workspaces: BTreeSet<_> = of_reports.chain(datasets.iter().map(|(workspace, _)| *workspace)).collect();

        let look_at_workspace = |workspace: WorkspaceId| -> BoxFuture<'_, Look> {
            let item = Item { viewpoint: viewpoint.clone(), workspace, id: () };
            async move { Look::Workspace(workspace, metadata.workspace(call, item).await) }.boxed()
        };
        let look_at_report = |(workspace, id): (WorkspaceId, ReportId)| -> BoxFuture<'_, Look> {
            let item = Item { viewpoint: viewpoint.clone(), workspace, id };
            async move { Look::Report((workspace, id), metadata.report(call, item).await) }.boxed()
        };
        let look_at_dataset = |(workspace, id): (WorkspaceId, DatasetId)| -> BoxFuture<'_, Look> {
            let item = Item { viewpoint: viewpoint.clone(), workspace, id };
            async move { Look::Dataset((workspace, id), metadata.dataset(call, item).await) }.boxed()
        };
        let looks: Vec<_> = (workspaces.into_iter().map(look_at_workspace))
            .chain(reports.into_iter().map(look_at_report))
            .chain(datasets.into_iter().map(look_at_dataset))
            .collect();
        stream::iter(looks).buffer_unordered(AT_ONCE).fold(Self::none(), |looks, look| async { looks.with(look) }).await
    }

    fn none() -> Self {
        let never = UpstreamError::new(Upstream::PowerBi, UpstreamErrorKind::Failed, "it was not looked at");
        Self { workspaces: BTreeMap::new(), reports: BTreeMap::new(), datasets: BTreeMap::new(), never }
    }

    fn with(mut self, look: Look) -> Self {
        match look {
            Look::Workspace(key, result) => drop(self.workspaces.insert(key, result)),
            Look::Report(key, result) => drop(self.reports.insert(key, result)),
            Look::Dataset(key, result) => drop(self.datasets.insert(key, result)),
        }
        self
    }

    pub(super) fn workspace(&self, id: WorkspaceId) -> Result<&WorkspaceMetadata, &UpstreamError> {
        self.workspaces.get(&id).map_or(Err(&self.never), Result::as_ref)
    }

    pub(super) fn report(&self, report: &Report) -> Result<&ReportMetadata, &UpstreamError> {
        self.reports.get(&(report.workspace, report.id)).map_or(Err(&self.never), Result::as_ref)
    }

    pub(super) fn dataset(&self, dataset: &Dataset) -> Result<&DatasetMetadata, &UpstreamError> {
        self.datasets.get(&(dataset.workspace, dataset.id)).map_or(Err(&self.never), Result::as_ref)
    }

    /// What could not be looked at, though it is there.
    pub(super) fn failures(&self) -> impl Iterator<Item = &UpstreamError> {
        self.errors().flatten().filter(|error| error.kind != UpstreamErrorKind::NotFound)
    }

    /// Workspaces that are not there.
    pub(super) fn missing_workspaces(&self) -> impl Iterator<Item = &UpstreamError> {
        let errors = self.workspaces.values().filter_map(|look| look.as_ref().err());
        errors.filter(|error| error.kind == UpstreamErrorKind::NotFound)
    }

    /// The failure, if nothing at all could be looked at.
    pub(super) fn total_failure(&self) -> Option<&UpstreamError> {
        (self.failures().count() == self.errors().count()).then(|| self.failures().next()).flatten()
    }

    /// The error of each look, if it has one.
    fn errors(&self) -> impl Iterator<Item = Option<&UpstreamError>> {
        let workspaces = self.workspaces.values().map(|look| look.as_ref().err());
        let reports = self.reports.values().map(|look| look.as_ref().err());
        let datasets = self.datasets.values().map(|look| look.as_ref().err());
        workspaces.chain(reports).chain(datasets)
    }
}
