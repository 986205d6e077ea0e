//! The catalog.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::{DatasetKey, Entries, ReportKey, Tenant};
use crate::request::RequestContext;
use crate::upstream::UpstreamError;

/// Where the catalog is read from.
#[async_trait]
pub trait CatalogReader: Send + Sync {
    /// Whether reading it takes a round trip.
    fn is_remote(&self) -> bool;

    /// The tenant with this name; `None` if the catalog does not have it.
    ///
    /// # Errors
    /// Why the catalog cannot be read.
    async fn tenant(&self, context: &Arc<RequestContext>, name: &str) -> Result<Option<Arc<Tenant>>, UpstreamError>;

    /// The entries of these keys in the versions that `tenant` was written for; a key without an entry is left out.
    ///
    /// # Errors
    /// Why the catalog cannot be read.
    async fn entries(
        &self,
        context: &Arc<RequestContext>,
        tenant: &Tenant,
        reports: &BTreeSet<ReportKey>,
        datasets: &BTreeSet<DatasetKey>,
    ) -> Result<Entries, UpstreamError>;
}
