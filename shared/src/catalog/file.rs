//! The catalog as a file, read whole at start.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Catalog, parse};
use crate::domain::{DatasetKey, Entries, ReportKey, Tenant};
use crate::fault::{Fault, Faults};
use crate::ports::CatalogReader;
use crate::request::Call;
use crate::upstream::UpstreamError;

/// Reads a catalog file.
///
/// # Errors
/// Every fault, each placed as `FILE#/json/pointer`.
pub fn load(path: &Path) -> Result<Catalog, Faults> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let detail = format!("the catalog cannot be read ({error}); deploy it there or mend DYNABIND_CATALOG");
        Faults(vec![Fault { place: shown.to_string(), detail }])
    })?;
    parse(&text).map_err(|faults| {
        let place = |pointer: &str| format!("{shown}#{pointer}");
        Faults(faults.into_iter().map(|fault| Fault { place: place(&fault.pointer), detail: fault.detail }).collect())
    })
}

#[async_trait]
impl CatalogReader for Catalog {
    async fn tenant(&self, _: &Arc<Call>, name: &str) -> Result<Option<Arc<Tenant>>, UpstreamError> {
        Ok(self.tenants.get(name).cloned())
    }

    async fn entries(
        &self,
        _: &Arc<Call>,
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
