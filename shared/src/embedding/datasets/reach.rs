//! How far a caller's grants reach: which reports, which datasets, in which modes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{Caller, Dataset, DatasetKey, Grant, Mode, Report, ReportKey, Tenant, WorkspaceId};
use crate::embedding::{Embedding, EmbeddingError};
use crate::ports::{Item, Viewpoint};
use crate::request::Call;
use crate::upstream::UpstreamError;

/// The union of the grants, by dataset and by workspace.
#[derive(Default)]
pub(super) struct Reach {
    reports: BTreeSet<ReportKey>,
    datasets: BTreeMap<DatasetKey, Use>,
    workspaces: BTreeMap<WorkspaceId, Use>,
}

/// What a dataset may be used for.
#[derive(Clone, Default)]
struct Use {
    reports: BTreeSet<ReportKey>,
    modes: BTreeSet<Mode>,
}

impl Use {
    fn add(&mut self, reports: &BTreeSet<ReportKey>, modes: &BTreeSet<Mode>) {
        self.reports.extend(reports.iter().cloned());
        self.modes.extend(modes);
    }
}

/// The entries within reach, by key.
pub(super) struct Items {
    pub(super) reports: Vec<(ReportKey, Arc<Report>)>,
    pub(super) datasets: Vec<Bindable>,
    /// Why one of the granted workspaces could not be listed.
    pub(super) failure: Option<UpstreamError>,
}

impl Items {
    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.datasets.is_empty()
    }
}

/// A dataset with what it may be used for.
pub(super) struct Bindable {
    pub(super) key: DatasetKey,
    pub(super) dataset: Arc<Dataset>,
    pub(super) reports: BTreeSet<ReportKey>,
    pub(super) modes: BTreeSet<Mode>,
}

impl Reach {
    /// How far the caller's grants reach, or those for one report.
    pub(super) fn of(caller: &Caller, tenant: &Tenant, only: Option<&ReportKey>) -> Result<Self, EmbeddingError> {
        let concerns = |grant: &&Grant| only.is_none_or(|key| grant.reports.contains(key));
        let mut reach = Self::default();
        for grant in tenant.grants_of(caller).filter(concerns) {
            reach.add(grant, only);
        }
        if only.is_some() && reach.reports.is_empty() {
            return Err(EmbeddingError::NotEntitled);
        }
        Ok(reach)
    }

    fn add(&mut self, grant: &Grant, only: Option<&ReportKey>) {
        let reports = only.map_or_else(|| grant.reports.clone(), |key| BTreeSet::from([key.clone()]));
        for key in &grant.datasets {
            self.datasets.entry(key.clone()).or_default().add(&reports, &grant.modes);
        }
        for workspace in &grant.workspaces {
            self.workspaces.entry(*workspace).or_default().add(&reports, &grant.modes);
        }
        self.reports.extend(reports);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reports.is_empty() && self.datasets.is_empty() && self.workspaces.is_empty()
    }
}

impl Embedding {
    /// The catalog's entries within reach, and what the granted workspaces hold.
    pub(super) async fn items_in(
        &self,
        call: &Arc<Call>,
        tenant: &Tenant,
        viewpoint: &Viewpoint,
        reach: &Reach,
    ) -> Result<Items, EmbeddingError> {
        let keys = reach.datasets.keys().cloned().collect();
        let mut entries = self.catalog.entries(call, tenant, &reach.reports, &keys).await?;
        let report = |key: &ReportKey| entries.reports.remove(key).map(|report| (key.clone(), report));
        let reports: Vec<_> = reach.reports.iter().filter_map(report).collect();
        let mut datasets: BTreeMap<DatasetKey, Bindable> = BTreeMap::new();
        for (key, usage) in &reach.datasets {
            if let Some(dataset) = entries.datasets.remove(key) {
                datasets.insert(key.clone(), bindable(key.clone(), dataset, usage));
            }
        }
        let mut failure = None;
        for (workspace, usage) in &reach.workspaces {
            let item = Item { viewpoint: viewpoint.clone(), workspace: *workspace, id: () };
            match self.metadata.datasets(call, item).await {
                Ok(listed) => {
                    for dataset in listed.iter() {
                        let Ok(key) = dataset.id.as_key().parse::<DatasetKey>() else { continue };
                        let entry = dataset.as_granted(*workspace);
                        datasets.entry(key.clone()).or_insert_with(|| bindable(key, Arc::new(entry), usage));
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        Ok(Items { reports, datasets: datasets.into_values().collect(), failure })
    }
}

fn bindable(key: DatasetKey, dataset: Arc<Dataset>, usage: &Use) -> Bindable {
    Bindable { key, dataset, reports: usage.reports.clone(), modes: usage.modes.clone() }
}
