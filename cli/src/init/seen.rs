//! What the service principal can see.

use std::collections::BTreeMap;

use dynabind::domain::{DatasetId, ReportId, WorkspaceId};
use dynabind::ports::{ListedDataset, ListedReport};

/// What a workspace holds.
pub(super) struct Workspace {
    pub(super) id: WorkspaceId,
    pub(super) name: String,
    pub(super) reports: Vec<ListedReport>,
    pub(super) datasets: Vec<ListedDataset>,
}

/// What is seen, and which report goes over which dataset.
pub(super) struct Seen {
    pub(super) workspaces: Vec<Workspace>,
    pub(super) fits: BTreeMap<DatasetId, Vec<ReportId>>,
    /// The roles of models whose row-level security needs roles.
    pub(super) roles: BTreeMap<DatasetId, Vec<String>>,
    /// What was left out, and why.
    pub(super) notes: Vec<String>,
}
