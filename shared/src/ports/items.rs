//! Items of a workspace, and Power BI's metadata of them.

use serde::{Deserialize, Serialize};

use crate::domain::{Dataset, DatasetId, EmbedUrl, OwnDataset, Report, ReportId, ReportKind, WorkspaceId};

/// An item of a workspace.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Item<Id> {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: Id,
}

/// Power BI's metadata of a report.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportMetadata {
    /// Its display name.
    pub name: String,
    /// Whether it is a paginated report.
    pub is_paginated: bool,
    /// Its embed URL, unchanged.
    pub embed_url: EmbedUrl,
    /// The dataset it was built on; paginated reports have none.
    pub own_dataset: Option<DatasetId>,
}

/// Power BI's metadata of a dataset.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetMetadata {
    /// Whether a token needs an effective identity for it; `None` if Power BI's answer does not contain this.
    pub identity_required: Option<bool>,
    /// Whether that identity needs roles.
    pub identity_roles_required: bool,
    /// The embed URL for a new report on it.
    pub create_report_embed_url: Option<EmbedUrl>,
}

/// A dataset in a workspace's list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListedDataset {
    /// Its id.
    pub id: DatasetId,
    /// Its display name.
    pub name: String,
    /// Its other metadata.
    pub metadata: DatasetMetadata,
}

/// A report in a workspace's list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListedReport {
    /// Its id.
    pub id: ReportId,
    /// Its other metadata.
    pub metadata: ReportMetadata,
}

impl ReportMetadata {
    /// The entry of a report in a workspace that a grant saves to; `None` for a
    /// paginated report, which cannot be bound without its source.
    #[must_use]
    pub fn as_saved(&self, id: ReportId, workspace: WorkspaceId) -> Option<Report> {
        let report = Report {
            name: self.name.clone(),
            workspace,
            id,
            kind: ReportKind::Report,
            own_dataset: OwnDataset::Excluded,
            paginated_sources: Vec::new(),
            paginated_reports: Vec::new(),
        };
        (!self.is_paginated).then_some(report)
    }
}

impl ListedDataset {
    /// The entry of the dataset under a grant of its whole workspace.
    #[must_use]
    pub fn as_granted(&self, workspace: WorkspaceId) -> Dataset {
        Dataset { name: self.name.clone(), workspace, id: self.id, identity: None, also_needs: Vec::new() }
    }
}

/// Power BI's metadata of a workspace.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceMetadata {
    /// Whether it is assigned to a capacity, even a paused one. Dynamic binding needs a capacity. `None` if Power BI's
    /// answer does not contain this.
    pub on_capacity: Option<bool>,
}
