//! The extent of a caller's grants: which reports, which datasets, in which modes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::domain::{
    Caller, Dataset, DatasetKey, Entries, Grant, Mode, Report, ReportId, ReportKey, Tenant, WorkspaceId,
};
use crate::embedding::EmbeddingError;
use crate::embedding::metadata::{AT_ONCE, Metadata, Purpose};
use crate::embedding::session::PowerBiSession;
use crate::ports::ListedReport;
use crate::upstream::UpstreamError;

/// The union of the grants, by report, by dataset and by workspace.
#[derive(Default)]
pub(super) struct Granted {
    reports: BTreeSet<ReportKey>,
    /// Workspaces whose saved reports may all be bound. If `only` is set, only that report is listed.
    saved: BTreeSet<WorkspaceId>,
    only: Option<ReportId>,
    datasets: BTreeMap<DatasetKey, Use>,
    workspaces: BTreeMap<WorkspaceId, Use>,
}

/// What a dataset may be used for.
#[derive(Clone, Default)]
struct Use {
    reports: BTreeSet<ReportKey>,
    saved: BTreeSet<WorkspaceId>,
    modes: BTreeSet<Mode>,
}

impl Use {
    fn add(&mut self, reports: &BTreeSet<ReportKey>, saved: Option<WorkspaceId>, modes: &BTreeSet<Mode>) {
        self.reports.extend(reports.iter().cloned());
        self.saved.extend(saved);
        self.modes.extend(modes);
    }
}

impl Granted {
    /// What the caller's grants allow, or only what they allow for one report.
    pub(super) fn to(caller: &Caller, tenant: &Tenant, only: Option<&ReportKey>) -> Result<Self, EmbeddingError> {
        let grants: Vec<_> = tenant.grants_of(caller).collect();
        let mut granted = Self::default();
        match only {
            None => grants.iter().for_each(|grant| granted.add(grant, grant.reports.clone(), saved_of(grant))),
            Some(key) if grants.iter().any(|grant| grant.reports.contains(key)) => {
                let naming = grants.iter().filter(|grant| grant.reports.contains(key));
                naming.for_each(|grant| granted.add(grant, BTreeSet::from([key.clone()]), None));
            }
            Some(key) => {
                granted.only = Some(key.as_str().parse().map_err(|_| EmbeddingError::NotEntitled)?);
                let saving = grants.iter().filter(|grant| saved_of(grant).is_some());
                saving.for_each(|grant| granted.add(grant, BTreeSet::new(), saved_of(grant)));
                if granted.saved.is_empty() {
                    return Err(EmbeddingError::NotEntitled);
                }
            }
        }
        Ok(granted)
    }

    fn add(&mut self, grant: &Grant, reports: BTreeSet<ReportKey>, saved: Option<WorkspaceId>) {
        for key in &grant.datasets {
            self.datasets.entry(key.clone()).or_default().add(&reports, saved, &grant.modes);
        }
        for workspace in &grant.workspaces {
            self.workspaces.entry(*workspace).or_default().add(&reports, saved, &grant.modes);
        }
        self.reports.extend(reports);
        self.saved.extend(saved);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.datasets.is_empty() && self.workspaces.is_empty()
    }

    pub(super) fn report_keys(&self) -> &BTreeSet<ReportKey> {
        &self.reports
    }

    pub(super) fn dataset_keys(&self) -> BTreeSet<DatasetKey> {
        self.datasets.keys().cloned().collect()
    }
}

/// The workspace whose reports a grant covers by GUID; `None` if the grant only allows new reports.
fn saved_of(grant: &Grant) -> Option<WorkspaceId> {
    grant.save_to.filter(|_| grant.modes.iter().any(|mode| *mode != Mode::Create))
}

/// The reports and datasets that are granted, by key.
pub(super) struct Items {
    pub(super) reports: Vec<(ReportKey, Arc<Report>)>,
    pub(super) datasets: Vec<Bindable>,
    /// Why one of the granted workspaces could not be listed.
    pub(super) failure: Option<UpstreamError>,
}

/// A dataset with what it may be used for.
pub(super) struct Bindable {
    pub(super) key: DatasetKey,
    pub(super) dataset: Arc<Dataset>,
    pub(super) reports: BTreeSet<ReportKey>,
    pub(super) modes: BTreeSet<Mode>,
}

impl Items {
    /// The catalog's entries, and what the granted workspaces hold.
    pub(super) async fn of(
        metadata: &Metadata,
        session: &PowerBiSession,
        granted: &Granted,
        entries: &Entries,
    ) -> Self {
        let mut found = Finding::new(metadata, session, granted, entries);
        found.list_saved_reports().await;
        found.list_datasets().await;
        let of_catalog =
            granted.reports.iter().filter_map(|key| Some((key.clone(), entries.reports.get(key)?.clone())));
        let mut reports: Vec<_> = of_catalog.chain(found.saved.into_values().flatten()).collect();
        reports.sort_by(|(one, _), (other, _)| one.cmp(other));
        reports.dedup_by(|(one, _), (other, _)| one == other);
        Self { reports, datasets: found.datasets.into_values().collect(), failure: found.failure }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.datasets.is_empty()
    }
}

/// What was found so far, and where.
struct Finding<'f> {
    metadata: &'f Metadata,
    session: &'f PowerBiSession,
    granted: &'f Granted,
    entries: &'f Entries,
    saved: BTreeMap<WorkspaceId, Vec<(ReportKey, Arc<Report>)>>,
    datasets: BTreeMap<DatasetKey, Bindable>,
    failure: Option<UpstreamError>,
}

impl<'f> Finding<'f> {
    fn new(metadata: &'f Metadata, session: &'f PowerBiSession, granted: &'f Granted, entries: &'f Entries) -> Self {
        let (saved, datasets) = (BTreeMap::new(), BTreeMap::new());
        Self { metadata, session, granted, entries, saved, datasets, failure: None }
    }

    /// Lists the reports that pages have saved, except those that the catalog names by a key.
    async fn list_saved_reports(&mut self) {
        let Self { metadata, session, granted, entries, .. } = *self;
        let named: HashSet<_> = entries.reports.values().map(|report| report.id).collect();
        let is_wanted =
            |report: &&ListedReport| granted.only.map_or_else(|| !named.contains(&report.id), |only| only == report.id);
        let list =
            |workspace: WorkspaceId| async move { (workspace, metadata.saved_reports(session, workspace).await) };
        let lists: Vec<_> = stream::iter(granted.saved.iter().copied().map(list)).buffered(AT_ONCE).collect().await;
        for (workspace, listed) in lists {
            let Some(listed) = self.seen(listed) else { continue };
            let of_list = listed.iter().filter(is_wanted).filter_map(|report| {
                metadata.keep_report(session, workspace, report);
                Some((report.id.into(), Arc::new(report.metadata.as_saved(report.id, workspace)?)))
            });
            self.saved.insert(workspace, of_list.collect());
        }
    }

    /// Takes the catalog's datasets, and lists those of workspaces that are granted as a whole.
    async fn list_datasets(&mut self) {
        let Self { metadata, session, granted, entries, .. } = *self;
        for (key, usage) in &granted.datasets {
            if let Some(dataset) = entries.datasets.get(key) {
                self.add(key.clone(), Arc::clone(dataset), usage);
            }
        }
        let list = |workspace: WorkspaceId| async move {
            (workspace, metadata.datasets(session, workspace, Purpose::Decide).await)
        };
        let lists: Vec<_> =
            stream::iter(granted.workspaces.keys().copied().map(list)).buffered(AT_ONCE).collect().await;
        for (workspace, listed) in lists {
            let (Some(listed), Some(usage)) = (self.seen(listed), granted.workspaces.get(&workspace)) else { continue };
            for dataset in listed.iter() {
                let key = DatasetKey::from(dataset.id);
                if !self.datasets.contains_key(&key) {
                    self.add(key, Arc::new(dataset.as_granted(workspace)), usage);
                }
            }
        }
    }

    fn seen<T>(&mut self, listed: Result<T, UpstreamError>) -> Option<T> {
        listed.map_err(|error| self.failure = Some(error)).ok()
    }

    fn add(&mut self, key: DatasetKey, dataset: Arc<Dataset>, usage: &Use) {
        let saved = usage.saved.iter().filter_map(|workspace| self.saved.get(workspace)).flatten();
        let reports: BTreeSet<_> = usage.reports.iter().cloned().chain(saved.map(|(key, _)| key.clone())).collect();
        // If one saved report is requested, only the datasets to which it can be bound are listed.
        if self.granted.only.is_none() || !reports.is_empty() {
            self.datasets.insert(key.clone(), Bindable { key, dataset, reports, modes: usage.modes.clone() });
        }
    }
}
