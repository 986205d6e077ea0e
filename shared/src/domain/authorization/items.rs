//! What is looked up for an authorization.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{Dataset, DatasetId, DatasetKey, Report, ReportId, ReportKey};

/// Entries of the catalog.
#[derive(Debug, Default)]
pub struct Entries {
    /// The reports among those asked for.
    pub reports: HashMap<ReportKey, Arc<Report>>,
    /// The datasets among those asked for.
    pub datasets: HashMap<DatasetKey, Arc<Dataset>>,
}

/// Items that no entry of the catalog names, with the workspaces in which Power BI has found them.
#[derive(Debug, Default)]
pub struct Found {
    /// Reports in workspaces that grants save to.
    pub reports: HashMap<ReportId, Arc<Report>>,
    /// Datasets in workspaces that grants open.
    pub datasets: HashMap<DatasetId, Arc<Dataset>>,
}

/// Whom Power BI takes the viewer for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Viewer {
    /// The effective identity that the catalog's templates make of the caller's claims.
    Customer,
    /// The user, whom Power BI knows itself.
    User,
}
