//! Passes events of Lambda's runtime to a function's handler, and the answers back.

use std::convert::Infallible;

use futures_util::FutureExt;
use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Adapter, Body, Error, Request, Response, Service as _, service_fn};
use serde::Serialize;

use crate::gateway::GatewayEvent;

/// Answers one event of API Gateway in the form that this kind of event requires.
///
/// # Errors
/// Never, because each failure becomes an answer.
pub async fn invoke<F>(
    handle: impl Fn(Request) -> F + Send + Sync,
    event: LambdaEvent<GatewayEvent>,
) -> Result<impl Serialize, Infallible>
where
    F: Future<Output = Response<Body>> + Send,
{
    let (event_request, mut claims) = event.payload.into_parts();
    let service = service_fn(|mut request: Request| {
        if let Some(claims) = claims.take() {
            request.extensions_mut().insert(claims);
        }
        handle(request).map(Ok)
    });
    Adapter::from(service).call(LambdaEvent::new(event_request, event.context)).await
}

/// Answers events until Lambda ends the environment: one at a time, or on Lambda Managed Instances up to
/// `AWS_LAMBDA_MAX_CONCURRENCY` in parallel.
///
/// # Errors
/// Why Lambda's runtime cannot be reached.
pub async fn run<F>(handle: impl Fn(Request) -> F + Clone + Send + Sync + 'static) -> Result<(), Error>
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    lambda_runtime::run_concurrent(service_fn(move |event| invoke(handle.clone(), event))).await
}
