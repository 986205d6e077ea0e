//! One log line for each request.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use http::StatusCode;

use super::metrics::{self, Measured};
use super::problem::Problem;
use super::serve::{HandlerContext, Route};
use crate::cache::CacheStatus;
use crate::domain::Caller;
use crate::request::{CachedItem, DegradedCause, RequestContext, Trace};

/// What is known of a request when it begins.
pub(super) struct RequestLine {
    path: &'static str,
    cold_start: bool,
    tenant: String,
    subject: String,
}

impl RequestLine {
    pub(super) fn begin(route: &Route, cold_start: bool) -> Self {
        Self { path: route.path, cold_start, tenant: String::new(), subject: String::new() }
    }

    pub(super) fn caller(&mut self, caller: &Caller) {
        caller.tenant().unwrap_or_default().clone_into(&mut self.tenant);
        caller.subject().clone_into(&mut self.subject);
    }

    /// Writes the line, with its metrics: an error where somebody has to act, a
    /// warning where a caller was refused or an upstream was in trouble, else
    /// information.
    pub(super) fn end(
        self,
        handler: &HandlerContext,
        context: &RequestContext,
        status: StatusCode,
        problem: Option<&Problem>,
    ) {
        let ids = context.ids();
        let trace = context.trace();
        let elapsed = context.elapsed();
        let cause = cause_of(problem, &trace);
        let members = || self.members(handler.metrics_namespace(), handler.now(), elapsed, problem, &trace);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    route = self.path,
                    status = status.as_u16(),
                    problem = problem.map(|problem| problem.code.as_str()),
                    faults = problem.map(faults_of),
                    cause = cause.as_ref().map(|cause| cause.cause.as_str()),
                    upstream_code = cause.as_ref().and_then(|cause| cause.code.as_deref()),
                    upstream_request_id = cause.as_ref().and_then(|cause| cause.request_id.as_deref()),
                    bindings = problem.and(trace.bindings.as_deref()),
                    duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
                    home_cluster = trace.home_cluster.as_deref(),
                    upstream = upstream_of(&trace),
                    cache = cache_of(&trace),
                    cold_start = self.cold_start,
                    tenant = self.tenant,
                    subject = self.subject,
                    request_id = ids.request,
                    lambda_request_id = ids.lambda_request,
                    trace_id = ids.trace,
                    correlation_id = ids.correlation,
                    members = members(),
                    "request"
                )
            };
        }
        match status.as_u16() {
            200..=299 if !trace.is_troubled() => line!(info),
            500 | 502 => line!(error),
            _ => line!(warn),
        }
    }

    fn members(
        &self,
        namespace: &str,
        at: SystemTime,
        latency: Duration,
        problem: Option<&Problem>,
        trace: &Trace,
    ) -> String {
        let code = problem.map(|problem| problem.code);
        metrics::members(namespace, at, &Measured { latency, cold_start: self.cold_start, problem: code, trace })
    }
}

/// Why there is a problem, or what the request has got over.
fn cause_of(problem: Option<&Problem>, trace: &Trace) -> Option<DegradedCause> {
    let cause = problem.and_then(|problem| problem.cause.as_deref());
    cause.map(DegradedCause::from).or_else(|| trace.degraded.clone())
}

/// The upstream attempts in short: `GenerateToken 200 87ms, GetReport 200 45ms`.
fn upstream_of(trace: &Trace) -> String {
    let mut text = String::new();
    for call in &trace.upstream_calls {
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing into memory cannot fail.
        let _ = write!(text, "{separator}{} {} {}ms", call.route, call.outcome, call.elapsed.as_millis());
    }
    text
}

/// Where kept values came from, in short: `AccessToken hit, EmbedToken loaded, Report hit 2`.
fn cache_of(trace: &Trace) -> String {
    let mut text = String::new();
    for (item, status) in CachedItem::ALL.iter().flat_map(|item| CacheStatus::ALL.map(|status| (*item, status))) {
        let word = match status {
            CacheStatus::Hit => "hit",
            CacheStatus::Miss => "loaded",
            CacheStatus::Stale => "fallback",
        };
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing into memory cannot fail.
        let _ = match trace.count(item, status) {
            0 => Ok(()),
            1 => write!(text, "{separator}{item:?} {word}"),
            count => write!(text, "{separator}{item:?} {word} {count}"),
        };
    }
    text
}

/// The places at fault, without the values that stood there.
fn faults_of(problem: &Problem) -> String {
    problem.errors.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>().join(" ")
}
