//! Versions of catalog entries, so that grants apply only to the entries for which they were written.

use std::collections::HashMap;

use super::{DatasetKey, EntryVersion, ReportKey};

/// Which version of each entry a tenant's grants were written for.
///
/// Empty for a catalog that is read as a whole, because it has one version of each entry.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EntryVersions {
    /// By the report's key.
    pub reports: HashMap<ReportKey, EntryVersion>,
    /// By the dataset's key.
    pub datasets: HashMap<DatasetKey, EntryVersion>,
    /// The texts of some of these entries that were read together with the tenant, by the keys of their items.
    pub copies: HashMap<String, String>,
}
