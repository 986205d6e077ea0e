//! One attempt at one AWS call, as the retry policy sees it.

use std::error::Error as _;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::request::{Outcome, RequestContext, UpstreamCall};
use crate::upstream::{Answer, SendError, Upstream, as_code};

/// What an AWS service answers: an output, or the code of its refusal.
pub(crate) struct SdkAnswer<T> {
    pub(crate) status: StatusCode,
    pub(crate) outcome: Result<T, Option<String>>,
    headers: HeaderMap,
}

impl<T> SdkAnswer<T> {
    pub(crate) fn new(status: StatusCode, outcome: Result<T, Option<String>>) -> Self {
        Self { status, outcome, headers: HeaderMap::new() }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> SdkAnswer<U> {
        SdkAnswer { status: self.status, outcome: self.outcome.map(map), headers: self.headers }
    }
}

impl<T> Answer for SdkAnswer<T> {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// Sends one attempt, which takes at most `limit`.
pub(crate) async fn send<T, E: ProvideErrorMetadata>(
    context: &RequestContext,
    upstream: Upstream,
    route: &'static str,
    limit: Duration,
    request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<SdkAnswer<T>, SendError> {
    let started = Instant::now();
    // Boxed, because the SDK's futures are large and would be part of the future of each attempt.
    let result = match tokio::time::timeout(limit, Box::pin(request)).await {
        Ok(result) => answer_of(result),
        Err(_) => Err(SendError::Timeout),
    };
    let outcome = match &result {
        Ok(answer) => Outcome::Answered(answer.status.as_u16()),
        Err(fault) => Outcome::from(*fault),
    };
    context.note(UpstreamCall::since(started, upstream, route, outcome));
    result
}

fn answer_of<T, E: ProvideErrorMetadata>(
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<SdkAnswer<T>, SendError> {
    match result {
        Ok(output) => Ok(SdkAnswer::new(StatusCode::OK, Ok(output))),
        Err(SdkError::ServiceError(error)) => {
            let code = error.err().code().and_then(as_code);
            let raw = error.raw();
            let retry_after = raw.headers().get(RETRY_AFTER).and_then(|value| value.parse().ok());
            let headers = retry_after.map(|value| (RETRY_AFTER, value)).into_iter().collect();
            Ok(SdkAnswer { status: status_of(raw.status().as_u16(), code.as_deref()), outcome: Err(code), headers })
        }
        Err(SdkError::ResponseError(_)) => Ok(SdkAnswer::new(StatusCode::BAD_GATEWAY, Err(None))),
        Err(SdkError::TimeoutError(_)) => Err(SendError::Timeout),
        Err(SdkError::DispatchFailure(failure)) => {
            let ours = failure.as_connector_error().and_then(|error| error.source()?.downcast_ref::<SendError>());
            Err(ours.copied().unwrap_or(SendError::Connection))
        }
        Err(_) => Err(SendError::Connection),
    }
}

/// The code of a write whose condition does not hold.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// AWS answers a throttled call with status 400 and a code that names the throttling: it becomes 429. A condition that
/// does not hold is an expected answer: it becomes 200.
pub(crate) fn status_of(status: u16, code: Option<&str>) -> StatusCode {
    if code == Some(CONDITION_FAILED) {
        return StatusCode::OK;
    }
    let throttled = code.is_some_and(|code| {
        code.contains("Throttl")
            || code.contains("ThroughputExceeded")
            || matches!(code, "TooManyRequestsException" | "RequestLimitExceeded")
    });
    let status = if throttled { 429 } else { status };
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
}
