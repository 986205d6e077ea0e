//! The workspaces, reports and datasets that the service principal can see.

use std::collections::BTreeMap;

use dynabind::domain::{DatasetId, ReportId, WorkspaceId};
use dynabind::ports::{ListedDataset, ListedReport};

/// The content of a workspace.
pub(super) struct Workspace {
    pub(super) id: WorkspaceId,
    pub(super) name: String,
    pub(super) reports: Vec<ListedReport>,
    pub(super) datasets: Vec<ListedDataset>,
}

/// What the service principal can see, and which reports fit which dataset.
pub(super) struct Seen {
    pub(super) workspaces: Vec<Workspace>,
    pub(super) fits: BTreeMap<DatasetId, Vec<ReportId>>,
    /// The roles of models whose row-level security needs roles.
    pub(super) roles: BTreeMap<DatasetId, Vec<String>>,
    /// What was left out, and why.
    pub(super) notes: Vec<String>,
}
