//! The catalog as a file, which is read completely at start.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Catalog, parse};
use crate::domain::{DatasetKey, Entries, ReportKey, Tenant};
use crate::ports::CatalogReader;
use crate::request::RequestContext;
use crate::upstream::UpstreamError;
use crate::validation::{ValidationError, ValidationErrors};

/// Reads a catalog file.
///
/// # Errors
/// Every fault, each placed as `FILE#/json/pointer`.
pub fn load(path: &Path) -> Result<Catalog, ValidationErrors> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let detail =
            format!("the catalog cannot be read ({error}); deploy it to this path or correct DYNABIND_CATALOG");
        ValidationErrors(vec![ValidationError { place: shown.to_string(), detail }])
    })?;
    parse(&text).map_err(|faults| {
        let place = |pointer: &str| format!("{shown}#{pointer}");
        ValidationErrors(
            faults
                .into_iter()
                .map(|fault| ValidationError { place: place(&fault.pointer), detail: fault.detail })
                .collect(),
        )
    })
}

#[async_trait]
impl CatalogReader for Catalog {
    fn is_remote(&self) -> bool {
        false
    }

    async fn tenant(&self, _: &Arc<RequestContext>, name: &str) -> Result<Option<Arc<Tenant>>, UpstreamError> {
        Ok(self.tenants.get(name).cloned())
    }

    async fn entries(
        &self,
        _: &Arc<RequestContext>,
        _: &Tenant,
        reports: &BTreeSet<ReportKey>,
        datasets: &BTreeSet<DatasetKey>,
    ) -> Result<Entries, UpstreamError> {
        Ok(Entries { reports: pick(&self.reports, reports), datasets: pick(&self.datasets, datasets) })
    }
}

fn pick<K: Clone + Eq + Hash, V: Clone>(all: &HashMap<K, V>, wanted: &BTreeSet<K>) -> HashMap<K, V> {
    wanted.iter().filter_map(|key| Some((key.clone(), all.get(key)?.clone()))).collect()
}
