//! CloudWatch's metrics of one request, as members of its log line.
//!
//! CloudWatch Logs extracts metrics from lines in the embedded metric format ("Specification: Embedded metric format"
//! in CloudWatch's user guide). This needs no call and no agent, and the line is still a normal log line. The names of
//! metrics and dimensions are fixed; no text of a caller or an upstream gets into them.

use std::time::{Duration, SystemTime};

use serde::ser::{SerializeMap as _, SerializeStruct as _};
use serde::{Serialize, Serializer};

use super::problem::Code;
use crate::cache::CacheStatus;
use crate::request::{CachedItem, Outcome, Trace, Upstream, UpstreamCall};

/// Capacity for the metrics of a cached answer.
const TYPICAL_COUNT: usize = 8;

/// CloudWatch accepts at most this many numbers in a value.
const MAX_VALUES: usize = 100;

/// A metric that request lines can carry.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Metric {
    /// Its name, and that of its member in the line.
    pub name: &'static str,
    /// The unit, as CloudWatch names it.
    pub unit: &'static str,
    /// Each set of dimensions by which it can be queried. Each distinct metric costs money.
    #[serde(skip)]
    pub dimensions: Dimensions,
}

/// The dimensions by which a metric can be queried. They are members of the line as well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dimensions {
    /// As a whole.
    None,
    /// As a whole, and for each `route`.
    Route,
    /// For each `problem`.
    Problem,
    /// As a whole, and for each `Report`.
    Report,
}

impl Dimensions {
    const ALL: [Self; 4] = [Self::None, Self::Route, Self::Problem, Self::Report];

    /// The sets of dimensions.
    #[must_use]
    pub fn sets(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::None => &[&[]],
            Self::Route => &[&[], &["route"]],
            Self::Problem => &[&["problem"]],
            Self::Report => &[&[], &["Report"]],
        }
    }
}

const fn count(name: &'static str) -> Metric {
    Metric { name, unit: "Count", dimensions: Dimensions::None }
}

const fn milliseconds(name: &'static str) -> Metric {
    Metric { name, unit: "Milliseconds", dimensions: Dimensions::None }
}

static LATENCY: Metric = Metric { dimensions: Dimensions::Route, ..milliseconds("Latency") };
static COLD_START: Metric = count("ColdStart");
static PROBLEMS: Metric = Metric { dimensions: Dimensions::Problem, ..count("Problems") };
static NOT_ENTITLED: Metric = count("NotEntitled");
static EMBED_TOKEN_HITS: Metric = count("EmbedTokenHits");
static EMBED_TOKEN_LOADS: Metric = count("EmbedTokenLoads");
static FALLBACKS: Metric = count("Fallbacks");
static TOKEN_STORE_HITS: Metric = count("TokenStoreHits");
static TOKEN_STORE_MISSES: Metric = count("TokenStoreMisses");
static SECRET_REFRESH: Metric = count("SecretRefresh");
static SECRET_TROUBLE: Metric = count("SecretTrouble");

const fn of_report(metric: Metric) -> Metric {
    Metric { dimensions: Dimensions::Report, ..metric }
}

static VIEWER_CONFIG: Metric = of_report(milliseconds("ViewerConfig"));
static VIEWER_LOADED: Metric = of_report(milliseconds("ViewerLoaded"));
static VIEWER_RENDERED: Metric = of_report(milliseconds("ViewerRendered"));
static VIEWER_FAILURES: Metric = of_report(count("ViewerFailures"));

/// The times of one report, in milliseconds since its viewers requested it.
#[derive(Debug, Default)]
pub(super) struct Views {
    pub(super) config: Vec<u64>,
    pub(super) loaded: Vec<u64>,
    pub(super) rendered: Vec<u64>,
    pub(super) failures: u64,
}

/// The metrics of the attempts at an upstream.
struct OfUpstream {
    upstream: Upstream,
    latency: Metric,
    errors: Metric,
    throttles: Metric,
}

static UPSTREAMS: [OfUpstream; 6] = [
    OfUpstream {
        upstream: Upstream::SecretsManager,
        latency: milliseconds("SecretsManagerLatency"),
        errors: count("SecretsManagerErrors"),
        throttles: count("SecretsManagerThrottles"),
    },
    OfUpstream {
        upstream: Upstream::Sts,
        latency: milliseconds("StsLatency"),
        errors: count("StsErrors"),
        throttles: count("StsThrottles"),
    },
    OfUpstream {
        upstream: Upstream::DynamoDb,
        latency: milliseconds("DynamoDbLatency"),
        errors: count("DynamoDbErrors"),
        throttles: count("DynamoDbThrottles"),
    },
    OfUpstream {
        upstream: Upstream::TokenStore,
        latency: milliseconds("TokenStoreLatency"),
        errors: count("TokenStoreErrors"),
        throttles: count("TokenStoreThrottles"),
    },
    OfUpstream {
        upstream: Upstream::Entra,
        latency: milliseconds("EntraLatency"),
        errors: count("EntraErrors"),
        throttles: count("EntraThrottles"),
    },
    OfUpstream {
        upstream: Upstream::PowerBi,
        latency: milliseconds("PowerBiLatency"),
        errors: count("PowerBiErrors"),
        throttles: count("PowerBiThrottles"),
    },
];

/// Every metric.
pub fn all() -> impl Iterator<Item = Metric> {
    let of_requests = [LATENCY, COLD_START, PROBLEMS, NOT_ENTITLED];
    let of_caches = [EMBED_TOKEN_HITS, EMBED_TOKEN_LOADS, FALLBACKS, TOKEN_STORE_HITS, TOKEN_STORE_MISSES];
    let of_secret = [SECRET_REFRESH, SECRET_TROUBLE];
    let of_upstreams = UPSTREAMS.iter().flat_map(|of| [of.latency, of.errors, of.throttles]);
    let of_viewers = [VIEWER_CONFIG, VIEWER_LOADED, VIEWER_RENDERED, VIEWER_FAILURES];
    of_requests.into_iter().chain(of_caches).chain(of_secret).chain(of_upstreams).chain(of_viewers)
}

/// The measurements of a request.
pub(super) struct Measured<'m> {
    pub(super) latency: Duration,
    pub(super) cold_start: bool,
    pub(super) problem: Option<Code>,
    pub(super) trace: &'m Trace,
}

/// The members that make a request's line a document of metrics: the metrics that occurred, and their definitions.
pub(super) struct Metrics<'m> {
    namespace: &'m str,
    at: SystemTime,
    measured: Vec<(&'static Metric, Value<'m>)>,
}

enum Value<'m> {
    Count(u64),
    Latency(Duration),
    Milliseconds(Vec<u64>),
    /// How long each attempt at an upstream took.
    Latencies(&'m Trace, Upstream),
}

impl<'m> Metrics<'m> {
    pub(super) fn new(namespace: &'m str, at: SystemTime, measured: &Measured<'m>) -> Self {
        let mut metrics = Self { namespace, at, measured: Vec::with_capacity(TYPICAL_COUNT) };
        metrics.measured.push((&LATENCY, Value::Latency(measured.latency)));
        metrics.count(&COLD_START, u64::from(measured.cold_start));
        metrics.count(&PROBLEMS, u64::from(measured.problem.is_some()));
        metrics.count(&NOT_ENTITLED, u64::from(measured.problem == Some(Code::NotEntitled)));
        metrics.add_caches(measured);
        for of_upstream in &UPSTREAMS {
            metrics.add_upstream(of_upstream, measured.trace);
        }
        metrics
    }

    /// The metrics of one report's times, as viewers saw them.
    pub(super) fn of_views(namespace: &'m str, at: SystemTime, views: Views) -> Self {
        let Views { config, loaded, rendered, failures } = views;
        let mut metrics = Self { namespace, at, measured: Vec::new() };
        for (metric, values) in [(&VIEWER_CONFIG, config), (&VIEWER_LOADED, loaded), (&VIEWER_RENDERED, rendered)] {
            if !values.is_empty() {
                metrics.measured.push((metric, Value::Milliseconds(values)));
            }
        }
        metrics.count(&VIEWER_FAILURES, failures);
        metrics
    }

    fn add_caches(&mut self, measured: &Measured<'m>) {
        let embed_tokens = |status| u64::from(measured.trace.count(CachedItem::EmbedToken, status));
        self.count(&EMBED_TOKEN_HITS, embed_tokens(CacheStatus::Hit));
        self.count(&EMBED_TOKEN_LOADS, embed_tokens(CacheStatus::Miss));
        self.count(&FALLBACKS, embed_tokens(CacheStatus::Stale));
        let stored = |status| u64::from(measured.trace.count(CachedItem::SharedToken, status));
        self.count(&TOKEN_STORE_HITS, stored(CacheStatus::Hit));
        self.count(&TOKEN_STORE_MISSES, stored(CacheStatus::Miss));
        // The credential of the service principal is a secret or a token of STS.
        let reads = || {
            let sources = [Upstream::SecretsManager, Upstream::Sts].into_iter();
            sources.flat_map(|upstream| attempts(measured.trace, upstream)).map(|call| call.outcome)
        };
        self.count(&SECRET_REFRESH, counted(reads().filter(|outcome| outcome.is_success())));
        // With a secret that could be read earlier, no request fails because of a malformed one.
        let unusable = measured.trace.unusable_secret || measured.problem == Some(Code::CredentialsUnavailable);
        let failed = reads().any(|outcome| !outcome.is_success());
        self.count(&SECRET_TROUBLE, u64::from(unusable || failed));
    }

    fn add_upstream(&mut self, of: &'static OfUpstream, trace: &'m Trace) {
        let calls = || attempts(trace, of.upstream);
        if calls().next().is_none() {
            return;
        }
        self.measured.push((&of.latency, Value::Latencies(trace, of.upstream)));
        let is_error = |outcome: Outcome| !outcome.is_success() && !outcome.is_throttle();
        self.count(&of.errors, counted(calls().filter(|call| is_error(call.outcome))));
        self.count(&of.throttles, counted(calls().filter(|call| call.outcome.is_throttle())));
    }

    /// A count of zero is left out, because CloudWatch charges for each metric.
    fn count(&mut self, metric: &'static Metric, count: u64) {
        if count > 0 {
            self.measured.push((metric, Value::Count(count)));
        }
    }
}

fn attempts(trace: &Trace, upstream: Upstream) -> impl Iterator<Item = &UpstreamCall> {
    trace.upstream_calls.iter().filter(move |call| call.upstream == upstream)
}

fn counted(items: impl Iterator) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("_aws", &Definitions(self))?;
        for (metric, value) in &self.measured {
            members.serialize_entry(metric.name, value)?;
        }
        members.end()
    }
}

/// What CloudWatch reads to find the metrics among the line's members.
struct Definitions<'m>(&'m Metrics<'m>);

impl Serialize for Definitions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let since_epoch = self.0.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut definitions = serializer.serialize_struct("Definitions", 2)?;
        let timestamp = u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX);
        definitions.serialize_field("Timestamp", &timestamp)?;
        definitions.serialize_field("CloudWatchMetrics", &Directives(self.0))?;
        definitions.end()
    }
}

/// One directive for each choice of dimensions that occurs.
struct Directives<'m>(&'m Metrics<'m>);

impl Serialize for Directives<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Metrics { namespace, measured, .. } = self.0;
        let occurs = |dimensions: &&Dimensions| measured.iter().any(|(metric, _)| metric.dimensions == **dimensions);
        serializer.collect_seq(Dimensions::ALL.iter().filter(occurs).map(|dimensions| Directive {
            namespace,
            dimensions: dimensions.sets(),
            metrics: MetricsWith(measured, *dimensions),
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'m> {
    namespace: &'m str,
    dimensions: &'static [&'static [&'static str]],
    metrics: MetricsWith<'m>,
}

struct MetricsWith<'m>(&'m [(&'static Metric, Value<'m>)], Dimensions);

impl Serialize for MetricsWith<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let metrics = self.0.iter().map(|(metric, _)| *metric);
        serializer.collect_seq(metrics.filter(|metric| metric.dimensions == self.1))
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Latency(latency) => serializer.serialize_f64(milliseconds_of(*latency)),
            Self::Milliseconds(values) => serializer.collect_seq(values),
            Self::Latencies(trace, upstream) => serializer
                .collect_seq(attempts(trace, *upstream).take(MAX_VALUES).map(|call| milliseconds_of(call.elapsed))),
        }
    }
}

/// Milliseconds, with a precision of a microsecond.
fn milliseconds_of(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn a_value_holds_at_most_a_hundred_numbers() {
        let failed = UpstreamCall::since(Instant::now(), Upstream::PowerBi, "GetDataset", Outcome::Answered(500));
        let failed = UpstreamCall { elapsed: Duration::from_micros(12_045), ..failed };
        let mut trace = Trace::default();
        trace.upstream_calls = vec![failed; 130];
        let measured = Measured { latency: Duration::ZERO, cold_start: false, problem: None, trace: &trace };
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(7);
        let line: serde_json::Value = serde_json::to_value(Metrics::new("Ours", at, &measured)).unwrap();
        assert_eq!(line["PowerBiLatency"], serde_json::Value::from(vec![12.045; 100]));
        assert_eq!((&line["PowerBiErrors"], &line["Latency"]), (&130.into(), &0.0.into()));
        assert_eq!(line["_aws"]["Timestamp"], 7);
    }
}
