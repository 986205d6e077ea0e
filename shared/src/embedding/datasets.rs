//! What a caller may bind, and whether it would work.

mod looks;
mod reach;

use std::sync::Arc;

use super::answer::{DatasetEntry, DatasetsAnswer, ItemProblem, ReportEntry};
use super::{Embedding, EmbeddingError};
use crate::domain::{Caller, Dataset, Report, ReportKey, ReportKind, WorkspaceId};
use crate::ports::DatasetMetadata;
use crate::request::Call;
use crate::settings::Scenario;
use crate::upstream::{UpstreamError, UpstreamErrorKind};
use looks::Looks;
use reach::Reach;

impl Embedding {
    /// What the caller may bind; only what concerns `report`, if one is named.
    ///
    /// # Errors
    /// `NotEntitled` for a report that is unknown or not granted, or why
    /// nothing at all could be looked at.
    pub async fn datasets(
        &self,
        call: &Arc<Call>,
        caller: &Caller,
        report: Option<&ReportKey>,
    ) -> Result<DatasetsAnswer, EmbeddingError> {
        let tenant = self.tenant_of(call, caller).await?;
        let reach = Reach::of(caller, &tenant, report)?;
        let viewpoint = self.viewpoint(caller, &tenant)?;
        if !reach.is_empty() {
            self.access.connect_ahead(&viewpoint, 2);
        }
        let items = self.items_in(call, &tenant, &viewpoint, &reach).await?;
        let looks = Looks::at(&self.metadata, call, &viewpoint, &items).await;
        let unlisted = items.failure.as_ref();
        if let Some(failure) = looks.total_failure().or(unlisted.filter(|_| items.is_empty())) {
            return Err(failure.clone().into());
        }
        let setbacks = looks.failures().chain(unlisted).chain(looks.missing_workspaces());
        setbacks.for_each(|failure| call.note_setback(failure.as_setback()));
        let report_entry = |(key, report): &(ReportKey, Arc<Report>)| report_entry(&looks, key, report);
        let identities_for = (self.scenario == Scenario::Customers).then_some(caller);
        let dataset_entry = |bindable: &reach::Bindable| dataset_entry(&looks, identities_for, bindable);
        Ok(DatasetsAnswer {
            reports: items.reports.iter().map(report_entry).collect(),
            datasets: items.datasets.iter().map(dataset_entry).collect(),
        })
    }
}

fn report_entry(looks: &Looks, key: &ReportKey, report: &Report) -> ReportEntry {
    let problems = problems_of(looks, report.workspace, looks.report(report), ItemProblem::ReportNotFound);
    ReportEntry {
        report: key.clone(),
        name: report.name.clone(),
        kind: if report.kind == ReportKind::Report { "report" } else { "paginated" },
        bindable: problems.is_empty(),
        problems,
    }
}

/// `identities_for` is the caller for whom effective identities are made; in
/// the organization scenario Power BI knows the user itself.
fn dataset_entry(looks: &Looks, identities_for: Option<&Caller>, bindable: &reach::Bindable) -> DatasetEntry {
    let dataset = &bindable.dataset;
    let look = looks.dataset(dataset);
    let mut problems = problems_of(looks, dataset.workspace, look, ItemProblem::DatasetNotFound);
    let is_unknown = looks.workspace(dataset.workspace).is_ok_and(|workspace| workspace.on_capacity.is_none());
    if is_unknown && !problems.contains(&ItemProblem::LookupFailed) {
        problems.push(ItemProblem::CapacityUnknown);
    }
    if let (Ok(metadata), Some(caller)) = (look, identities_for)
        && !problems.contains(&ItemProblem::LookupFailed)
    {
        problems.extend(identity_problem(dataset, metadata));
        if dataset.identity.as_ref().is_some_and(|identity| identity.render(caller).is_err()) {
            problems.push(ItemProblem::ClaimMissing);
        }
    }
    DatasetEntry {
        dataset: bindable.key.clone(),
        name: dataset.name.clone(),
        dataset_id: dataset.id,
        workspace_id: dataset.workspace,
        reports: bindable.reports.iter().cloned().collect(),
        modes: bindable.modes.iter().copied().collect(),
        bindable: problems.is_empty(),
        problems,
    }
}

fn problems_of<T>(
    looks: &Looks,
    workspace: WorkspaceId,
    item: Result<&T, &UpstreamError>,
    not_found: ItemProblem,
) -> Vec<ItemProblem> {
    let workspace = looks.workspace(workspace);
    let failed = |error: &UpstreamError| error.kind != UpstreamErrorKind::NotFound;
    if workspace.is_err_and(failed) || item.is_err_and(failed) {
        return vec![ItemProblem::LookupFailed];
    }
    let mut problems = Vec::new();
    match (&workspace, item) {
        (_, Err(_)) => problems.push(not_found),
        // What lies in a workspace that is not there is none of ours to judge.
        (Err(_), Ok(_)) => problems.push(ItemProblem::LookupFailed),
        _ => {}
    }
    if workspace.is_ok_and(|workspace| workspace.on_capacity == Some(false)) {
        problems.push(ItemProblem::WorkspaceNotOnCapacity);
    }
    problems
}

fn identity_problem(dataset: &Dataset, metadata: &DatasetMetadata) -> Option<ItemProblem> {
    match &dataset.identity {
        None if metadata.identity_required == Some(true) => Some(ItemProblem::IdentityRequired),
        Some(_) if metadata.identity_required == Some(false) => Some(ItemProblem::IdentityNotSupported),
        Some(identity) if metadata.identity_roles_required && !identity.has_roles() => {
            Some(ItemProblem::IdentityRolesRequired)
        }
        _ => None,
    }
}
