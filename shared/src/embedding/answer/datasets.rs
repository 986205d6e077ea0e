//! The answer of `GET /datasets`.

use serde::Serialize;

use crate::domain::{DatasetId, DatasetKey, Mode, ReportKey, WorkspaceId};

/// The answer of `GET /datasets`.
#[derive(Debug, Serialize)]
pub struct DatasetsAnswer {
    /// The reports, by key.
    pub reports: Vec<ReportEntry>,
    /// The datasets, by key.
    pub datasets: Vec<DatasetEntry>,
}

/// A report that the caller may bind.
#[derive(Debug, Serialize)]
pub struct ReportEntry {
    /// Its key.
    pub report: ReportKey,
    /// Its display name.
    pub name: String,
    /// `report` or `paginated`.
    pub kind: &'static str,
    /// Whether there is no problem.
    pub bindable: bool,
    /// Why embedding it would not work.
    pub problems: Vec<ItemProblem>,
}

/// A dataset that the caller may bind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetEntry {
    /// Its key.
    pub dataset: DatasetKey,
    /// Its display name.
    pub name: String,
    /// Its id in Power BI.
    pub dataset_id: DatasetId,
    /// The workspace that holds it.
    pub workspace_id: WorkspaceId,
    /// The reports to which it may be bound.
    pub reports: Vec<ReportKey>,
    /// The modes for those reports, over all of the caller's grants.
    pub modes: Vec<Mode>,
    /// Whether there is no problem.
    pub bindable: bool,
    /// Why binding it would not work.
    pub problems: Vec<ItemProblem>,
}

/// Why an item would not work, as look-ups in Power BI show.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemProblem {
    /// The report does not exist, or the service principal cannot see it.
    ReportNotFound,
    /// The dataset does not exist, or the service principal cannot see it.
    DatasetNotFound,
    /// Dynamic binding needs a capacity.
    WorkspaceNotOnCapacity,
    /// Power BI's answer does not contain whether the workspace is assigned to a capacity.
    CapacityUnknown,
    /// The dataset needs an effective identity, and the catalog gives none.
    IdentityRequired,
    /// The identity has to name roles.
    IdentityRolesRequired,
    /// The catalog gives an identity, but the dataset has no row-level security.
    IdentityNotSupported,
    /// The caller lacks a claim that the identity needs.
    ClaimMissing,
    /// The look-up at Power BI failed.
    LookupFailed,
}
