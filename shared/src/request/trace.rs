//! The upstream calls and cache look-ups of one request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cache::CacheStatus;

/// An outside system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Upstream {
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS Security Token Service.
    Sts,
    /// Amazon DynamoDB, which stores the catalog.
    DynamoDb,
    /// The DynamoDB table that the environments share.
    TokenStore,
    /// Microsoft Entra ID.
    Entra,
    /// The Power BI REST API.
    PowerBi,
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecretsManager => "Secrets Manager",
            Self::Sts => "STS",
            Self::DynamoDb => "DynamoDB",
            Self::TokenStore => "the token store",
            Self::Entra => "Entra",
            Self::PowerBi => "Power BI",
        })
    }
}

/// One attempt at one upstream call.
#[derive(Clone, Debug)]
pub struct UpstreamCall {
    /// The upstream.
    pub upstream: Upstream,
    /// The operation.
    pub route: &'static str,
    /// The outcome.
    pub outcome: Outcome,
    /// When it began.
    pub started: Instant,
    /// How long it took.
    pub elapsed: Duration,
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// An answer with this status.
    Answered(u16),
    /// No answer, and the reason: `timeout`, `connection` or `too-large`.
    Unanswered(&'static str),
}

impl Outcome {
    /// Whether the upstream did what was requested.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// The status, if there was an answer.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        if let Self::Answered(status) = self { Some(status) } else { None }
    }

    /// Whether the upstream throttles.
    #[must_use]
    pub fn is_throttle(self) -> bool {
        self == Self::Answered(429)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "{status}"),
            Self::Unanswered(why) => f.write_str(why),
        }
    }
}

impl UpstreamCall {
    /// An attempt that began at `started` and has just ended.
    #[must_use]
    pub fn since(started: Instant, upstream: Upstream, route: &'static str, outcome: Outcome) -> Self {
        Self { upstream, route, outcome, started, elapsed: started.elapsed() }
    }
}

/// A failure that a request survives, with an old value or without a part of its answer.
#[derive(Clone, Debug, Default)]
pub struct DegradedCause {
    /// What happened, and the remedy.
    pub cause: String,
    /// The upstream's code for it.
    pub code: Option<String>,
    /// The upstream's id of the request.
    pub request_id: Option<String>,
}

/// What is kept between requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CachedItem {
    /// The service principal's secret.
    Secret,
    /// A token of AWS STS.
    IdentityToken,
    /// An access token of Entra.
    AccessToken,
    /// An embed token.
    EmbedToken,
    /// Power BI's metadata of a report.
    Report,
    /// Power BI's metadata of a dataset.
    Dataset,
    /// The list of a workspace's datasets.
    DatasetList,
    /// The list of a workspace's reports.
    ReportList,
    /// Power BI's metadata of a workspace.
    Workspace,
    /// A report's or dataset's entry of a catalog in DynamoDB.
    CatalogEntry,
    /// An embed token in the store that environments share.
    SharedToken,
    /// Power BI's metadata of an item, in the store that environments share.
    SharedLookUp,
}

impl CachedItem {
    /// All variants.
    pub const ALL: [Self; 12] = [
        Self::Secret,
        Self::IdentityToken,
        Self::AccessToken,
        Self::EmbedToken,
        Self::Report,
        Self::Dataset,
        Self::DatasetList,
        Self::ReportList,
        Self::Workspace,
        Self::CatalogEntry,
        Self::SharedToken,
        Self::SharedLookUp,
    ];
}

/// The calls and look-ups of a request.
#[derive(Debug, Default)]
pub struct Trace {
    /// Its attempts at upstream calls, in the order in which they ended.
    pub upstream_calls: Vec<UpstreamCall>,
    /// Whether the secret was read and could not be used.
    pub unusable_secret: bool,
    /// The bindings of the request, by the catalog's keys, once they are authorised.
    pub bindings: Option<Arc<str>>,
    /// The host of the Power BI cluster that holds the tenant, as the last answer named it.
    pub home_cluster: Option<String>,
    /// The first failure that it survived.
    pub degraded: Option<DegradedCause>,
    /// The first failure of the store that environments share.
    pub store_failure: Option<DegradedCause>,
    /// How often each item had each status. A table, so that a cached answer costs no allocation.
    statuses: [[u16; CacheStatus::ALL.len()]; CachedItem::ALL.len()],
}

impl Trace {
    /// How often an item had this status.
    #[must_use]
    pub fn count(&self, item: CachedItem, status: CacheStatus) -> u16 {
        self.statuses[item as usize][status as usize]
    }

    /// Whether an attempt failed, or an old value was used in place of a new one.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        let fell_back = |item: &CachedItem| self.count(*item, CacheStatus::Stale) > 0;
        self.degraded.is_some()
            || self.store_failure.is_some()
            || CachedItem::ALL.iter().any(fell_back)
            || self.upstream_calls.iter().any(|call| !call.outcome.is_success())
    }

    pub(super) fn note_cache_status(&mut self, item: CachedItem, status: CacheStatus) {
        let count = &mut self.statuses[item as usize][status as usize];
        *count = count.saturating_add(1);
    }
}
