//! What is looked up for an authorization.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{Dataset, DatasetId, DatasetKey, Report, ReportId, ReportKey};

/// Entries of the catalog.
#[derive(Debug, Default)]
pub struct Entries {
    /// The requested reports that exist.
    pub reports: HashMap<ReportKey, Arc<Report>>,
    /// The requested datasets that exist.
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

/// As whom Power BI sees the viewer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Viewer {
    /// The effective identity that the catalog's templates make of the caller's claims.
    Customer,
    /// The signed-in user: Power BI applies the user's own rights.
    User,
}
