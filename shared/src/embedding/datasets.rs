//! What a caller may bind, and whether it would work.

mod granted;
mod lookups;

use std::sync::Arc;

use super::EmbeddingError;
use super::answer::{DatasetEntry, DatasetsAnswer, ItemProblem, ReportEntry};
use super::authorizer::Authorizer;
use super::metadata::Metadata;
use super::session::PowerBiSession;
use crate::domain::{Caller, IdentityTemplate, OwnDataset, Report, ReportKey, ReportKind, WorkspaceId};
use crate::ports::{CatalogReader, DatasetMetadata, Session as _};
use crate::request::RequestContext;
use crate::settings::Scenario;
use crate::upstream::{UpstreamError, UpstreamErrorKind};
use granted::{Bindable, Granted, Items};
use lookups::LookupResults;

/// Lists what callers may bind.
pub(super) struct Lister {
    catalog: Arc<dyn CatalogReader>,
    authorizer: Arc<Authorizer>,
    metadata: Arc<Metadata>,
    scenario: Scenario,
}

impl Lister {
    pub(super) fn new(
        catalog: Arc<dyn CatalogReader>,
        authorizer: Arc<Authorizer>,
        metadata: Arc<Metadata>,
        scenario: Scenario,
    ) -> Self {
        Self { catalog, authorizer, metadata, scenario }
    }

    /// What the caller may bind; only what concerns `report`, if one is named.
    pub(super) async fn list(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        report: Option<&ReportKey>,
    ) -> Result<DatasetsAnswer, EmbeddingError> {
        let tenant = self.authorizer.tenant_of(context, caller).await?;
        let session = self.authorizer.session(context, caller, &tenant)?;
        let granted = Granted::to(caller, &tenant, report)?;
        if !granted.is_empty() {
            session.preconnect(2);
        }
        let entries = self.catalog.entries(context, &tenant, granted.report_keys(), &granted.dataset_keys()).await?;
        let items = Items::of(&self.metadata, &session, &granted, &entries).await;
        if report.is_some() && items.reports.is_empty() && items.failure.is_none() {
            return Err(EmbeddingError::NotEntitled);
        }
        self.lookup(caller, &session, &items).await
    }

    async fn lookup(
        &self,
        caller: &Caller,
        session: &PowerBiSession,
        items: &Items,
    ) -> Result<DatasetsAnswer, EmbeddingError> {
        let lookups = LookupResults::at(&self.metadata, session, items).await;
        let unlisted = items.failure.as_ref();
        if let Some(failure) = lookups.total_failure().or(unlisted.filter(|_| items.is_empty())) {
            return Err(failure.clone().into());
        }
        let causes = lookups.failures().chain(unlisted).chain(lookups.missing_workspaces());
        causes.for_each(|failure| session.context().note_degraded(failure.into()));
        let identities_for = (self.scenario == Scenario::Customers).then_some(caller);
        let report_entry =
            |(key, report): &(ReportKey, Arc<Report>)| report_entry(&lookups, identities_for, key, report);
        let dataset_entry = |bindable: &Bindable| dataset_entry(&lookups, identities_for, bindable);
        Ok(DatasetsAnswer {
            reports: items.reports.iter().map(report_entry).collect(),
            datasets: items.datasets.iter().map(dataset_entry).collect(),
        })
    }
}

/// `identities_for` is the caller for whom effective identities are made. It is `None` in the organization scenario, in
/// which Power BI knows the user.
fn report_entry(
    lookups: &LookupResults,
    identities_for: Option<&Caller>,
    key: &ReportKey,
    report: &Report,
) -> ReportEntry {
    let lookup = lookups.report(report);
    let mut problems = problems_of(lookups, report.workspace, lookup, ItemProblem::ReportNotFound);
    if let (OwnDataset::Included { identity }, Ok(metadata), Some(caller)) =
        (&report.own_dataset, lookup, identities_for)
    {
        let own = metadata.own_dataset.and_then(|own| lookups.dataset_anywhere(own));
        problems.extend(identity_problems(identity.as_ref(), own, caller));
    }
    ReportEntry {
        report: key.clone(),
        name: report.name.clone(),
        kind: if report.kind == ReportKind::Report { "report" } else { "paginated" },
        bindable: problems.is_empty(),
        problems,
    }
}

fn dataset_entry(lookups: &LookupResults, identities_for: Option<&Caller>, bindable: &Bindable) -> DatasetEntry {
    let dataset = &bindable.dataset;
    let lookup = lookups.dataset(dataset);
    let mut problems = problems_of(lookups, dataset.workspace, lookup, ItemProblem::DatasetNotFound);
    let is_unknown = lookups.workspace(dataset.workspace).is_ok_and(|workspace| workspace.on_capacity.is_none());
    if is_unknown && !problems.contains(&ItemProblem::LookupFailed) {
        problems.push(ItemProblem::CapacityUnknown);
    }
    if let (Ok(metadata), Some(caller)) = (lookup, identities_for)
        && !problems.contains(&ItemProblem::LookupFailed)
    {
        problems.extend(identity_problems(dataset.identity.as_ref(), Some(metadata), caller));
        for needed in &dataset.also_needs {
            let metadata = lookups.dataset_anywhere(needed.id);
            let more = identity_problems(needed.identity.as_ref(), metadata, caller);
            problems.extend(more.filter(|problem| !problems.contains(problem)).collect::<Vec<_>>());
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
    lookups: &LookupResults,
    workspace: WorkspaceId,
    item: Result<&T, &UpstreamError>,
    not_found: ItemProblem,
) -> Vec<ItemProblem> {
    let workspace = lookups.workspace(workspace);
    let failed = |error: &UpstreamError| error.kind != UpstreamErrorKind::NotFound;
    if workspace.is_err_and(failed) || item.is_err_and(failed) {
        return vec![ItemProblem::LookupFailed];
    }
    let mut problems = Vec::new();
    match (&workspace, item) {
        (_, Err(_)) => problems.push(not_found),
        // The item was found although its workspace was not, so it is not known whether binding it works.
        (Err(_), Ok(_)) => problems.push(ItemProblem::LookupFailed),
        _ => {}
    }
    if workspace.is_ok_and(|workspace| workspace.on_capacity == Some(false)) {
        problems.push(ItemProblem::WorkspaceNotOnCapacity);
    }
    problems
}

/// What is wrong with the identity that the catalog gives a dataset. Without Power BI's metadata of the dataset, only
/// the caller's claims are checked.
fn identity_problems(
    identity: Option<&IdentityTemplate>,
    metadata: Option<&DatasetMetadata>,
    caller: &Caller,
) -> impl Iterator<Item = ItemProblem> {
    let mismatch = metadata.and_then(|metadata| match identity {
        None if metadata.identity_required == Some(true) => Some(ItemProblem::IdentityRequired),
        Some(_) if metadata.identity_required == Some(false) => Some(ItemProblem::IdentityNotSupported),
        Some(identity) if metadata.identity_roles_required && !identity.has_roles() => {
            Some(ItemProblem::IdentityRolesRequired)
        }
        _ => None,
    });
    let lacks_claim = identity.is_some_and(|identity| identity.render(caller).is_err());
    mismatch.into_iter().chain(lacks_claim.then_some(ItemProblem::ClaimMissing))
}
