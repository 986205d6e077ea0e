//! CloudWatch's metrics of one request, as members of its log line.
//!
//! CloudWatch Logs takes metrics out of lines in the embedded metric format: no
//! call, no agent, and the line stays what it is ("Specification: Embedded metric
//! format" in CloudWatch's user guide). Names and dimensions are ours alone; no
//! text of a caller's or an upstream's gets into them.

use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use super::problem::Code;
use crate::cache::CacheStatus;
use crate::request::{CachedItem, Outcome, Trace, Upstream, UpstreamCall};

/// The members of a kept answer, with room to spare.
const TYPICAL_LENGTH: usize = 512;

/// A value holds at most so many numbers.
const MAX_VALUES: usize = 100;

/// A metric that request lines can carry.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, and that of its member in the line.
    pub name: &'static str,
    /// As CloudWatch names it.
    pub unit: &'static str,
    /// Each set of dimensions by which it can be asked for. Each distinct metric is paid for.
    pub dimensions: Dimensions,
}

/// By what a metric can be asked for; dimensions are members of the line as well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dimensions {
    /// As a whole.
    None,
    /// As a whole, and for each `route`.
    Route,
    /// For each `problem`.
    Problem,
}

impl Dimensions {
    const ALL: [Self; 3] = [Self::None, Self::Route, Self::Problem];

    /// The sets, as the format writes them.
    #[must_use]
    pub fn as_json(self) -> &'static str {
        match self {
            Self::None => "[[]]",
            Self::Route => r#"[[],["route"]]"#,
            Self::Problem => r#"[["problem"]]"#,
        }
    }
}

const fn count(name: &'static str) -> Metric {
    Metric { name, unit: "Count", dimensions: Dimensions::None }
}

const fn milliseconds(name: &'static str) -> Metric {
    Metric { name, unit: "Milliseconds", dimensions: Dimensions::None }
}

const LATENCY: Metric = Metric { dimensions: Dimensions::Route, ..milliseconds("Latency") };
const COLD_START: Metric = count("ColdStart");
const PROBLEMS: Metric = Metric { dimensions: Dimensions::Problem, ..count("Problems") };
const NOT_ENTITLED: Metric = count("NotEntitled");
const EMBED_TOKEN_HITS: Metric = count("EmbedTokenHits");
const EMBED_TOKEN_LOADS: Metric = count("EmbedTokenLoads");
const FALLBACKS: Metric = count("Fallbacks");
const SECRET_REFRESH: Metric = count("SecretRefresh");
const SECRET_TROUBLE: Metric = count("SecretTrouble");

/// What is measured of an upstream's attempts.
struct OfUpstream {
    upstream: Upstream,
    latency: Metric,
    errors: Metric,
    throttles: Metric,
}

const UPSTREAMS: [OfUpstream; 5] = [
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
    let of_caches = [EMBED_TOKEN_HITS, EMBED_TOKEN_LOADS, FALLBACKS, SECRET_REFRESH, SECRET_TROUBLE];
    let of_upstreams = UPSTREAMS.iter().flat_map(|of| [of.latency, of.errors, of.throttles]);
    of_requests.into_iter().chain(of_caches).chain(of_upstreams)
}

/// What a request was like.
pub(super) struct Measured<'m> {
    pub(super) latency: Duration,
    pub(super) cold_start: bool,
    pub(super) problem: Option<Code>,
    pub(super) trace: &'m Trace,
}

/// The members that make a request's line a document of metrics: those that
/// occurred, in JSON, without braces around.
pub(super) fn members(namespace: &str, at: SystemTime, measured: &Measured<'_>) -> String {
    let mut document = MetricsDocument::new();
    document.add(&LATENCY, Milliseconds(measured.latency));
    document.add_count(&COLD_START, u64::from(measured.cold_start));
    document.add_count(&PROBLEMS, u64::from(measured.problem.is_some()));
    document.add_count(&NOT_ENTITLED, u64::from(measured.problem == Some(Code::NotEntitled)));
    add_caches(&mut document, measured);
    for of_upstream in &UPSTREAMS {
        add_upstream(&mut document, of_upstream, measured.trace);
    }
    document.finish(namespace, at)
}

fn add_caches(document: &mut MetricsDocument, measured: &Measured<'_>) {
    let embed_tokens = |status| u64::from(measured.trace.count(CachedItem::EmbedToken, status));
    document.add_count(&EMBED_TOKEN_HITS, embed_tokens(CacheStatus::Hit));
    document.add_count(&EMBED_TOKEN_LOADS, embed_tokens(CacheStatus::Miss));
    document.add_count(&FALLBACKS, embed_tokens(CacheStatus::Stale));
    // What stands for the service principal is a secret, or a token of STS.
    let reads = || {
        let sources = [Upstream::SecretsManager, Upstream::Sts].into_iter();
        sources.flat_map(|upstream| attempts(measured.trace, upstream)).map(|call| call.outcome)
    };
    document.add_count(&SECRET_REFRESH, counted(reads().filter(|outcome| outcome.is_success())));
    let unusable = measured.problem == Some(Code::CredentialsUnavailable);
    let failed = reads().any(|outcome| !outcome.is_success());
    document.add_count(&SECRET_TROUBLE, u64::from(unusable || failed));
}

fn add_upstream(document: &mut MetricsDocument, of: &OfUpstream, trace: &Trace) {
    let calls = || attempts(trace, of.upstream);
    if calls().next().is_none() {
        return;
    }
    document.add(&of.latency, Latencies(trace, of.upstream));
    let is_error = |outcome: Outcome| !outcome.is_success() && !outcome.is_throttle();
    document.add_count(&of.errors, counted(calls().filter(|call| is_error(call.outcome))));
    document.add_count(&of.throttles, counted(calls().filter(|call| call.outcome.is_throttle())));
}

fn attempts(trace: &Trace, upstream: Upstream) -> impl Iterator<Item = &UpstreamCall> {
    trace.upstream_calls.iter().filter(move |call| call.upstream == upstream)
}

fn counted(items: impl Iterator) -> u64 {
    u64::try_from(items.count()).unwrap_or(u64::MAX)
}

/// A number of milliseconds, to the microsecond.
struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let microseconds = self.0.as_micros();
        write!(f, "{}.{:03}", microseconds / 1000, microseconds % 1000)
    }
}

/// How long each attempt at an upstream took.
struct Latencies<'t>(&'t Trace, Upstream);

impl fmt::Display for Latencies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, call) in attempts(self.0, self.1).take(MAX_VALUES).enumerate() {
            write!(f, "{}{}", if index == 0 { '[' } else { ',' }, Milliseconds(call.elapsed))?;
        }
        f.write_char(']')
    }
}

/// A document on its way. Nothing in it needs escaping: names are ours, and the
/// settings see to the namespace. Writing into memory cannot fail.
struct MetricsDocument {
    definitions: [String; Dimensions::ALL.len()],
    values: String,
}

impl MetricsDocument {
    /// One with room for what a kept answer says.
    fn new() -> Self {
        let definitions = [String::with_capacity(96), String::with_capacity(96), String::new()];
        Self { definitions, values: String::with_capacity(96) }
    }

    fn add_count(&mut self, metric: &Metric, count: u64) {
        if count > 0 {
            self.add(metric, count);
        }
    }

    fn add(&mut self, metric: &Metric, value: impl fmt::Display) {
        let Metric { name, unit, dimensions } = metric;
        let definitions = &mut self.definitions[*dimensions as usize];
        let separator = if definitions.is_empty() { "" } else { "," };
        let _ = write!(definitions, r#"{separator}{{"Name":"{name}","Unit":"{unit}"}}"#);
        let _ = write!(self.values, r#","{name}":{value}"#);
    }

    fn finish(self, namespace: &str, at: SystemTime) -> String {
        let timestamp_ms = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut text = String::with_capacity(TYPICAL_LENGTH);
        let _ = write!(text, r#""_aws":{{"Timestamp":{timestamp_ms},"CloudWatchMetrics":"#);
        let mut separator = '[';
        for (dimensions, definitions) in Dimensions::ALL.iter().zip(&self.definitions) {
            if !definitions.is_empty() {
                let sets = dimensions.as_json();
                let directive =
                    format_args!(r#"{{"Namespace":"{namespace}","Dimensions":{sets},"Metrics":[{definitions}]}}"#);
                let _ = write!(text, "{separator}{directive}");
                separator = ',';
            }
        }
        text.push_str("]}");
        text.push_str(&self.values);
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
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
        let line: Value = serde_json::from_str(&format!("{{{}}}", members("Ours", at, &measured))).unwrap();
        assert_eq!(line["PowerBiLatency"], Value::from(vec![12.045; 100]));
        assert_eq!((&line["PowerBiErrors"], &line["Latency"]), (&Value::from(130), &Value::from(0.0)));
        assert_eq!(line["_aws"]["Timestamp"], 7);
    }
}
