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

/// Items that no entry of the catalog names, with the workspaces in which they were found in Power BI.
#[derive(Debug, Default)]
pub struct Found {
    /// Reports in the `saveTo` workspaces of grants.
    pub reports: HashMap<ReportId, Arc<Report>>,
    /// Datasets in the `workspaces` of grants.
    pub datasets: HashMap<DatasetId, Arc<Dataset>>,
}

/// The identity under which Power BI sees the viewer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Viewer {
    /// An effective identity that is made from the catalog's templates and the caller's claims.
    Customer,
    /// The signed-in user: Power BI applies the user's own rights.
    User,
}
