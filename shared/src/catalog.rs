//! The catalog: which tenants may bind which reports to which datasets.

mod dynamodb;
mod file;
pub mod item;
mod read;
#[cfg(feature = "schema")]
pub mod schema;

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{Dataset, DatasetKey, Report, ReportKey, Tenant, TenantKey};

pub use dynamodb::DynamoDbCatalog;
pub use file::load;
pub use read::parse;

/// A whole catalog in memory.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Every report.
    pub reports: HashMap<ReportKey, Arc<Report>>,
    /// Every dataset.
    pub datasets: HashMap<DatasetKey, Arc<Dataset>>,
    /// Every tenant.
    pub tenants: HashMap<TenantKey, Arc<Tenant>>,
}
