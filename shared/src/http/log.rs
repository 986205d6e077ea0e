//! One log line for each request.

use http::StatusCode;
use lambda_http::{Request, RequestExt};

use super::problem::Problem;
use super::serve::{Edge, Route};
use super::{claims, headers};
use crate::domain::Caller;
use crate::request::{Call, UpstreamCall};

/// What is known of a request when it begins.
pub(super) struct Line {
    path: &'static str,
    request_id: String,
    lambda_request_id: String,
    trace_id: String,
    correlation_id: Option<String>,
    cold_start: bool,
    tenant: String,
    subject: String,
}

impl Line {
    pub(super) fn begin(edge: &Edge, route: &Route, request: &Request) -> Self {
        let lambda = request.lambda_context_ref();
        Self {
            path: route.path,
            request_id: claims::request_id(request),
            lambda_request_id: lambda.map(|context| context.request_id.clone()).unwrap_or_default(),
            trace_id: lambda.and_then(|context| context.xray_trace_id.clone()).unwrap_or_default(),
            correlation_id: headers::correlation_id(request.headers()).map(str::to_owned),
            cold_start: edge.is_first_request(),
            tenant: String::new(),
            subject: String::new(),
        }
    }

    pub(super) fn caller(&mut self, caller: &Caller) {
        caller.tenant().unwrap_or_default().clone_into(&mut self.tenant);
        caller.subject().clone_into(&mut self.subject);
    }

    pub(super) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(super) fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// Writes the line: an error where somebody has to act, a warning where a
    /// caller was refused or an upstream was in trouble, else information.
    pub(super) fn end(self, call: &Call, status: StatusCode, problem: Option<&Problem>) {
        let upstream = upstream_of(call);
        let cause = problem.and_then(|problem| problem.cause.as_ref());
        let faults = problem.map(faults_of).unwrap_or_default();
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    route = self.path,
                    status = status.as_u16(),
                    problem = problem.map(|problem| problem.code.as_str()),
                    faults,
                    cause = cause.map(ToString::to_string),
                    upstream_code = cause.and_then(|cause| cause.code.as_deref()),
                    upstream_request_id = cause.and_then(|cause| cause.request_id.as_deref()),
                    duration_ms = u64::try_from(call.elapsed().as_millis()).unwrap_or(u64::MAX),
                    upstream,
                    cold_start = self.cold_start,
                    tenant = self.tenant,
                    subject = self.subject,
                    request_id = self.request_id,
                    lambda_request_id = self.lambda_request_id,
                    trace_id = self.trace_id,
                    correlation_id = self.correlation_id,
                    "request"
                )
            };
        }
        match status.as_u16() {
            200..=299 => line!(info),
            500 | 502 => line!(error),
            _ => line!(warn),
        }
    }
}

/// The upstream attempts in short: `GenerateToken 200 87ms, GetReport 200 45ms`.
fn upstream_of(call: &Call) -> String {
    let show = |call: &UpstreamCall| format!("{} {} {}ms", call.route, call.outcome, call.elapsed_ms);
    call.upstream_calls().iter().map(show).collect::<Vec<_>>().join(", ")
}

/// The places at fault, without the values that stood there.
fn faults_of(problem: &Problem) -> String {
    problem.errors.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>().join(" ")
}
