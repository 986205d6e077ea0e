//! The catalog in a DynamoDB table, of which a request reads only its own tenant's part.

mod table;

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use self::table::{Record, Table};
use super::item::{self, ItemKey};
use crate::cache::{Cache, CacheStatus, TtlEntry};
use crate::clock::Clock;
use crate::domain::{Dataset, DatasetKey, Entries, EntryVersion, EntryVersions, Report, ReportKey, Tenant, TenantKey};
use crate::ports::CatalogReader;
use crate::request::{CachedItem, RequestContext};
use crate::settings::Settings;
use crate::upstream::{Http, UpstreamError};

/// At most this many reports, and this many datasets, are cached: about a megabyte.
const MAX_KEPT: usize = 2000;

type EntryCache<K, T> = Cache<(K, EntryVersion), TtlEntry<Arc<T>>, UpstreamError>;

/// A catalog in a DynamoDB table.
///
/// Tenants are not cached, so that a withdrawn grant ends with the next request. Reports and datasets
/// are cached by their version, and used only for tenants that name that version.
pub struct DynamoDbCatalog {
    table: Table,
    reports: EntryCache<ReportKey, Report>,
    datasets: EntryCache<DatasetKey, Dataset>,
    ttl: Duration,
    clock: Arc<dyn Clock>,
}

impl DynamoDbCatalog {
    /// The catalog in the table with this name or ARN.
    #[must_use]
    pub fn new(settings: &Settings, table: &str, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self {
            table: Table::new(&settings.aws, table, http, Arc::clone(&clock)),
            reports: Cache::new(MAX_KEPT),
            datasets: Cache::new(MAX_KEPT),
            ttl: settings.metadata_ttl,
            clock,
        }
    }

    /// The entries that are cached or were read with the tenant, and the keys of the items that must be read.
    fn take_known(
        &self,
        context: &RequestContext,
        tenant: &Tenant,
        reports: &BTreeSet<ReportKey>,
        datasets: &BTreeSet<DatasetKey>,
        now: SystemTime,
    ) -> (Entries, Vec<ItemKey>) {
        let (mut entries, mut missing) = (Entries::default(), Vec::new());
        let copy_of = |item: &ItemKey| tenant.versions.copies.get(&item.to_string());
        for key in reports {
            let Some(version) = tenant.versions.reports.get(key) else { continue };
            let item = ItemKey::Report(key.clone(), version.clone());
            let copy = || item::parse_report(copy_of(&item)?).ok();
            match self.known(context, &self.reports, &(key.clone(), version.clone()), copy, now) {
                Some(report) => drop(entries.reports.insert(key.clone(), report)),
                None => missing.push(item),
            }
        }
        for key in datasets {
            let Some(version) = tenant.versions.datasets.get(key) else { continue };
            let item = ItemKey::Dataset(key.clone(), version.clone());
            let copy = || item::parse_dataset(copy_of(&item)?).ok();
            match self.known(context, &self.datasets, &(key.clone(), version.clone()), copy, now) {
                Some(dataset) => drop(entries.datasets.insert(key.clone(), dataset)),
                None => missing.push(item),
            }
        }
        (entries, missing)
    }

    /// The cached entry, or else its copy, which is then cached. An unreadable copy is ignored.
    fn known<K: Clone + Eq + Hash + Send + 'static, T: Send + Sync + 'static>(
        &self,
        context: &RequestContext,
        cache: &EntryCache<K, T>,
        slot: &(K, EntryVersion),
        copy: impl FnOnce() -> Option<T>,
        now: SystemTime,
    ) -> Option<Arc<T>> {
        if let Some(kept) = cache.fresh(slot, now) {
            context.note_cache_status(CachedItem::CatalogEntry, CacheStatus::Hit);
            return Some(kept.value);
        }
        let copy = Arc::new(copy()?);
        cache.put(slot, self.aged(Arc::clone(&copy), now), now);
        context.note_cache_status(CachedItem::CatalogEntry, CacheStatus::Miss);
        Some(copy)
    }

    fn keep(&self, record: &Record, entries: &mut Entries, now: SystemTime) -> Result<(), UpstreamError> {
        match record.key().clone() {
            ItemKey::Report(key, version) => {
                let report = Arc::new(record.parsed(item::ENTRY, item::parse_report)?);
                self.reports.put(&(key.clone(), version), self.aged(Arc::clone(&report), now), now);
                entries.reports.insert(key, report);
            }
            ItemKey::Dataset(key, version) => {
                let dataset = Arc::new(record.parsed(item::ENTRY, item::parse_dataset)?);
                self.datasets.put(&(key.clone(), version), self.aged(Arc::clone(&dataset), now), now);
                entries.datasets.insert(key, dataset);
            }
            ItemKey::Tenant(_) => {}
        }
        Ok(())
    }

    fn aged<T>(&self, value: T, now: SystemTime) -> TtlEntry<T> {
        TtlEntry { value, read_at: now, ttl: self.ttl, grace: Duration::ZERO }
    }
}

#[async_trait]
impl CatalogReader for DynamoDbCatalog {
    fn is_remote(&self) -> bool {
        true
    }

    async fn tenant(&self, context: &Arc<RequestContext>, name: &str) -> Result<Option<Arc<Tenant>>, UpstreamError> {
        let Ok(name) = name.parse::<TenantKey>() else { return Ok(None) };
        let Some(mut record) = self.table.get(context, ItemKey::Tenant(name.clone())).await? else { return Ok(None) };
        let versions = record.parsed(item::VERSIONS, item::parse_versions)?;
        let (name, versions) =
            (name.to_string(), EntryVersions { copies: record.take_texts(item::COPIES), ..versions });
        Ok(Some(Arc::new(Tenant { name, versions, ..record.parsed(item::ENTRY, item::parse_tenant)? })))
    }

    async fn entries(
        &self,
        context: &Arc<RequestContext>,
        tenant: &Tenant,
        reports: &BTreeSet<ReportKey>,
        datasets: &BTreeSet<DatasetKey>,
    ) -> Result<Entries, UpstreamError> {
        let now = self.clock.now();
        let (mut entries, missing) = self.take_known(context, tenant, reports, datasets, now);
        for record in self.table.get_all(context, &missing).await? {
            self.keep(&record, &mut entries, now)?;
            context.note_cache_status(CachedItem::CatalogEntry, CacheStatus::Miss);
        }
        Ok(entries)
    }
}
