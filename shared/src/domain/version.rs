//! Versions of catalog entries, so that grants meet only what they were written for.

use std::collections::HashMap;

use super::{DatasetKey, EntryVersion, ReportKey};

/// Which version of each entry a tenant's grants were written for.
///
/// Empty where a catalog is read whole and so has but one version of everything.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EntryVersions {
    /// By the report's key.
    pub reports: HashMap<ReportKey, EntryVersion>,
    /// By the dataset's key.
    pub datasets: HashMap<DatasetKey, EntryVersion>,
    /// The texts of some of these entries that were read together with the tenant, by the keys of their items.
    pub copies: HashMap<String, String>,
}
