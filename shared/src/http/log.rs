//! One log line for each request.

use std::fmt::Write as _;

use http::StatusCode;
use serde::Serialize;
use tracing::Level;

use super::handler::HandlerContext;
use super::metrics::{Measured, Metrics};
use super::problem::{Code, Problem};
use super::route::Route;
use crate::cache::CacheStatus;
use crate::domain::Caller;
use crate::request::{CachedItem, DegradedCause, RequestContext, Trace};
use crate::telemetry::{self, Text};

/// What is known of a request before its answer.
pub(super) struct RequestLog {
    route: &'static str,
    cold_start: bool,
    tenant: String,
    subject: String,
}

/// The line. Its fields are defined only here and in the metrics.
#[derive(Serialize)]
struct RequestLine<'r> {
    message: &'static str,
    route: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Text::is_empty")]
    problem: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    faults: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    cause: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    upstream_code: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    upstream_request_id: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    bindings: Text<'r>,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Text::is_empty")]
    home_cluster: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    upstream: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    cache: Text<'r>,
    cold_start: bool,
    #[serde(skip_serializing_if = "Text::is_empty")]
    tenant: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    subject: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    request_id: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    lambda_request_id: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    trace_id: Text<'r>,
    #[serde(skip_serializing_if = "Text::is_empty")]
    correlation_id: Text<'r>,
    #[serde(flatten)]
    metrics: Metrics<'r>,
}

impl RequestLog {
    pub(super) fn begin(route: &Route, cold_start: bool) -> Self {
        Self { route: route.path, cold_start, tenant: String::new(), subject: String::new() }
    }

    pub(super) fn caller(&mut self, caller: &Caller) {
        caller.tenant().unwrap_or_default().clone_into(&mut self.tenant);
        caller.subject().clone_into(&mut self.subject);
    }

    /// Writes the line. Its level is `ERROR` if an operator has to act, `WARN` if a caller was refused or an upstream
    /// failed, and otherwise `INFO`.
    pub(super) fn end(
        &self,
        handler: &HandlerContext,
        context: &RequestContext,
        status: StatusCode,
        problem: Option<&Problem>,
    ) {
        let trace = context.trace();
        let level = match status.as_u16() {
            200..=299 if !trace.is_troubled() => Level::INFO,
            500 | 502 => Level::ERROR,
            _ => Level::WARN,
        };
        telemetry::write(level, &self.line(handler, context, &trace, status, problem));
    }

    fn line<'r>(
        &'r self,
        handler: &'r HandlerContext,
        context: &'r RequestContext,
        trace: &'r Trace,
        status: StatusCode,
        problem: Option<&'r Problem>,
    ) -> RequestLine<'r> {
        let (ids, latency, code) = (context.ids(), context.elapsed(), problem.map(|problem| problem.code));
        let DegradedCause { cause, code: upstream_code, request_id } = cause_of(problem, trace);
        let measured = Measured { latency, cold_start: self.cold_start, problem: code, trace };
        RequestLine {
            message: "request",
            route: self.route,
            status: status.as_u16(),
            problem: code.map(Code::as_str).into(),
            faults: problem.map(faults_of).into(),
            cause: Some(cause).into(),
            upstream_code: upstream_code.into(),
            upstream_request_id: request_id.into(),
            bindings: problem.and(trace.bindings.as_deref()).into(),
            duration_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            home_cluster: trace.home_cluster.as_deref().into(),
            upstream: Some(upstream_of(trace)).into(),
            cache: Some(cache_of(trace)).into(),
            cold_start: self.cold_start,
            tenant: Some(self.tenant.as_str()).into(),
            subject: Some(self.subject.as_str()).into(),
            request_id: Some(ids.request.as_str()).into(),
            lambda_request_id: Some(ids.lambda_request.as_str()).into(),
            trace_id: ids.trace.as_deref().into(),
            correlation_id: ids.correlation.as_deref().into(),
            metrics: Metrics::new(handler.metrics_namespace(), handler.now(), &measured),
        }
    }
}

/// Why there is a problem, or which failure the request survived; empty without either.
fn cause_of(problem: Option<&Problem>, trace: &Trace) -> DegradedCause {
    let cause = problem.and_then(|problem| problem.cause.as_deref());
    let survived = || trace.degraded.clone().or_else(|| trace.store_failure.clone());
    cause.map(DegradedCause::from).or_else(survived).unwrap_or_default()
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

/// Where cached values came from, in short: `AccessToken hit, EmbedToken loaded, Report hit 2`.
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

/// The places at fault, without their values.
fn faults_of(problem: &Problem) -> String {
    problem.errors.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>().join(" ")
}
