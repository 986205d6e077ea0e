//! One request from event to answer.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;

use super::handler::HandlerContext;
use super::problem::{Code, Problem};
use super::request::{Request, Response};
use super::route::Route;
use super::timings::{self, Timing};
use super::{body, headers, log};
use crate::domain::{Caller, CallerError, ReportKey, UserAssertion};
use crate::embedding::BindingsRequest;
use crate::request::{DegradedCause, RequestContext, RequestIds};
use crate::spans::{self, Served};

/// The time for writing the answer after the deadline of the work; it is a part of the margin that [`RequestContext`]
/// keeps before Lambda's own deadline.
const GRACE: Duration = Duration::from_millis(250);

/// A request of a verified caller.
pub struct AuthenticatedRequest {
    context: Arc<RequestContext>,
    caller: Caller,
    request: Request,
}

impl AuthenticatedRequest {
    /// The request's ids, deadline and trace.
    #[must_use]
    pub fn context(&self) -> &Arc<RequestContext> {
        &self.context
    }

    /// The caller.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Reads the body as bindings.
    ///
    /// # Errors
    /// What in the body was not understood, and where.
    pub fn bindings(&self) -> Result<BindingsRequest, Problem> {
        body::read_bindings(&self.request)
    }

    /// Reads the body as timings.
    ///
    /// # Errors
    /// What in the body was not understood, and where.
    pub fn timings(&self) -> Result<Vec<Timing>, Problem> {
        timings::read_timings(&self.request)
    }

    /// Reads the query's report.
    ///
    /// # Errors
    /// What in the query was not understood.
    pub fn report(&self) -> Result<Option<ReportKey>, Problem> {
        body::read_report(&self.request)
    }
}

/// Answers a request with the result of `answer`: a value as JSON, or a problem. `()` gives an answer without content.
///
/// A panic in `answer` becomes a 500, and affects only this request.
pub async fn serve<T, F>(
    handler: &HandlerContext,
    route: &Route,
    request: Request,
    answer: impl FnOnce(AuthenticatedRequest) -> F,
) -> Response
where
    T: Serialize,
    F: Future<Output = Result<T, Problem>>,
{
    let context = Arc::new(RequestContext::begin(lambda_remaining(&request, handler.now())).with_ids(ids_of(&request)));
    let cold_start = handler.is_first_request();
    let mut log = log::RequestLog::begin(route, cold_start);
    let spans = handler.spans.as_ref();
    let parent = spans.map(|_| spans::parent_of(context.ids().trace.as_deref(), &request.event.headers));
    let result = match admit(handler, route, request, &context) {
        Ok(request) => {
            log.caller(request.caller());
            // Pinned here, because each of the layers in `finish` would copy a future that it takes by value.
            finish(&context, pin!(answer(request))).await
        }
        Err(problem) => Err(problem),
    };
    let (status, mut headers, body) = render(&result, route, &context.ids().request);
    headers::echo_correlation_id(&mut headers, context.ids().correlation.as_deref());
    log.end(handler, &context, status, result.as_ref().err());
    if let (Some(spans), Some(parent)) = (spans, parent) {
        let problem = result.as_ref().err().map(|problem| problem.code.as_str());
        let served = Served { parent, method: route.method.clone(), route: route.path, status, problem, cold_start };
        spans.export(&context, &served, handler.now()).await;
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn ids_of(request: &Request) -> RequestIds {
    let lambda_request = &request.invocation.request_id;
    RequestIds {
        request: request.event.id.as_ref().unwrap_or(lambda_request).clone(),
        lambda_request: lambda_request.clone(),
        trace: request.invocation.xray_trace_id.clone(),
        correlation: headers::correlation_id(&request.event.headers).map(str::to_owned),
    }
}

/// The time until Lambda ends the invocation. A deadline in the past is ignored: emulators write any number there, and
/// Lambda itself would already have ended the invocation.
fn lambda_remaining(request: &Request, now: SystemTime) -> Option<Duration> {
    request.invocation.deadline().duration_since(now).ok()
}

/// Checks the caller, then the method, before anything is read.
fn admit(
    handler: &HandlerContext,
    route: &Route,
    mut request: Request,
    context: &Arc<RequestContext>,
) -> Result<AuthenticatedRequest, Problem> {
    let claims = request.event.claims.take().ok_or_else(Problem::unauthenticated)?;
    let caller = Caller::new(claims, &handler.tenant_claim, &handler.groups_claim).map_err(|error| match error {
        CallerError::NoSubject => Problem::unauthenticated(),
        CallerError::SubjectIsNoText => Problem::not_entitled(),
    })?;
    let caller = caller.with_assertion(assertion(&request));
    if request.event.method != route.method {
        return Err(Problem::new(Code::MethodNotAllowed, format!("This route accepts only {}.", route.method)));
    }
    Ok(AuthenticatedRequest { context: Arc::clone(context), caller, request })
}

/// The bearer token itself, which the authorizer has verified.
fn assertion(request: &Request) -> Option<UserAssertion> {
    UserAssertion::from_header(request.event.headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// Runs `answer` until the deadline, and catches a panic so that the environment continues.
async fn finish<T>(context: &RequestContext, answer: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let guarded = AssertUnwindSafe(answer).catch_unwind();
    match tokio::time::timeout_at(context.deadline() + GRACE, guarded).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Problem::internal()),
        Err(_) => {
            // The request's own calls have ended at their deadline; only calls of other requests may still run.
            let cause = "the deadline ran out while this request waited for a call that another request had begun";
            context.note_degraded(DegradedCause { cause: cause.to_owned(), code: None, request_id: None });
            Err(Problem::new(Code::UpstreamTimeout, "Power BI or Entra did not answer in time; try again later."))
        }
    }
}

fn render<T: Serialize>(
    result: &Result<T, Problem>,
    route: &Route,
    request_id: &str,
) -> (StatusCode, HeaderMap, String) {
    let problem = match result {
        Ok(answer) => match serde_json::to_string(answer) {
            Ok(json) if json == "null" => return (StatusCode::NO_CONTENT, headers::of_no_content(), String::new()),
            Ok(json) => return (StatusCode::OK, headers::of_success(), json),
            Err(_) => &Problem::internal(),
        },
        Err(problem) => problem,
    };
    (problem.code.status(), headers::of_problem(problem, route), problem.to_json(request_id))
}
