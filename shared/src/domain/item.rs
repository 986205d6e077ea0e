//! The catalog's entries of reports and datasets.

use super::{DatasetId, IdentityTemplate, ReportId, WorkspaceId};

/// The kind of a report, which decides the shape of its binding.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ReportKind {
    /// A Power BI report; its binding is `datasetBinding`.
    #[default]
    Report,
    /// A paginated report over this dataset; its binding is `datasetBindings`.
    Paginated {
        /// The dataset that the report was built on.
        source: DatasetId,
    },
}

/// Whether a token for a report also names the dataset that the report was built on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum OwnDataset {
    /// The token does not name it, so the page cannot bind to it.
    #[default]
    Excluded,
    /// The token names it.
    Included {
        /// The effective identity that its row-level security needs, if any.
        identity: Option<IdentityTemplate>,
    },
}

/// A report that may be bound.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Its display name.
    pub name: String,
    /// The workspace that holds it.
    pub workspace: WorkspaceId,
    /// Its id in Power BI.
    pub id: ReportId,
    /// Its kind.
    pub kind: ReportKind,
    /// Whether the token also names the report's own dataset.
    pub own_dataset: OwnDataset,
    /// Datasets that its paginated visuals were built on; each is bound to the target.
    pub paginated_sources: Vec<DatasetId>,
    /// Paginated reports that it shows; the token names each of them.
    pub paginated_reports: Vec<ReportId>,
}

impl Report {
    /// Whether a bound report reads the dataset through XMLA, for which the token needs `xmlaPermissions: ReadOnly`.
    #[must_use]
    pub fn reads_through_xmla(&self) -> bool {
        matches!(self.kind, ReportKind::Paginated { .. }) || !self.paginated_sources.is_empty()
    }

    /// Whether the token also names the report's own dataset.
    #[must_use]
    pub fn includes_own_dataset(&self) -> bool {
        matches!(self.own_dataset, OwnDataset::Included { .. })
    }

    /// The paginated reports that a token for it names: those that it shows, and the report itself if it is paginated.
    pub fn paginated(&self) -> impl Iterator<Item = ReportId> {
        let itself = matches!(self.kind, ReportKind::Paginated { .. }).then_some(self.id);
        self.paginated_reports.iter().copied().chain(itself)
    }
}

/// A dataset that may be bound to a report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dataset {
    /// Its display name.
    pub name: String,
    /// The workspace that holds it.
    pub workspace: WorkspaceId,
    /// Its id in Power BI.
    pub id: DatasetId,
    /// The effective identity that its row-level security needs, if any.
    pub identity: Option<IdentityTemplate>,
    /// If it is a composite model: the other datasets that it reads.
    pub also_needs: Vec<NeededDataset>,
}

/// A dataset that a composite model reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NeededDataset {
    /// Its id in Power BI.
    pub id: DatasetId,
    /// The effective identity that its row-level security needs, if any.
    pub identity: Option<IdentityTemplate>,
}
