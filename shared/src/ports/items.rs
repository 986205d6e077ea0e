//! Items of a workspace, and what Power BI says of them.

use crate::domain::{Dataset, DatasetId, EmbedUrl, OwnDataset, Report, ReportId, ReportKind, WorkspaceId};

/// An item of a workspace.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Item<Id> {
    /// Where the item lies.
    pub workspace: WorkspaceId,
    /// Which item.
    pub id: Id,
}

/// What Power BI says of a report.
#[derive(Clone, Debug)]
pub struct ReportMetadata {
    /// What people call it.
    pub name: String,
    /// Whether it is a paginated report.
    pub is_paginated: bool,
    /// Where the page embeds it from, unchanged.
    pub embed_url: EmbedUrl,
    /// The dataset it was built on; paginated reports have none.
    pub own_dataset: Option<DatasetId>,
}

/// What Power BI says of a dataset.
#[derive(Clone, Debug)]
pub struct DatasetMetadata {
    /// Whether a token needs an effective identity for it; `None` where Power BI does not say.
    pub identity_required: Option<bool>,
    /// Whether that identity needs roles.
    pub identity_roles_required: bool,
    /// Where a page creates a report on it from.
    pub create_report_embed_url: Option<EmbedUrl>,
}

/// A dataset in a workspace's list.
#[derive(Clone, Debug)]
pub struct ListedDataset {
    /// Its id.
    pub id: DatasetId,
    /// What people call it.
    pub name: String,
    /// The rest.
    pub metadata: DatasetMetadata,
}

/// A report in a workspace's list.
#[derive(Clone, Debug)]
pub struct ListedReport {
    /// Its id.
    pub id: ReportId,
    /// The rest.
    pub metadata: ReportMetadata,
}

impl ReportMetadata {
    /// The entry that stands for a report in a workspace that a grant saves to; `None` for a
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
    /// The entry that a grant of its whole workspace stands for.
    #[must_use]
    pub fn as_granted(&self, workspace: WorkspaceId) -> Dataset {
        Dataset { name: self.name.clone(), workspace, id: self.id, identity: None, also_needs: Vec::new() }
    }
}

/// What Power BI says of a workspace.
#[derive(Clone, Copy, Debug)]
pub struct WorkspaceMetadata {
    /// Whether it is assigned to a capacity, which dynamic binding needs, be it a paused one; `None` where Power BI
    /// does not say.
    pub on_capacity: Option<bool>,
}
