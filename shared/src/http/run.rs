//! From Lambda's runtime to a function's handler and back.

use std::convert::Infallible;

use lambda_http::lambda_runtime::{self, LambdaEvent};
use lambda_http::{Adapter, Body, Error, Request, Response, Service as _, service_fn};
use serde::Serialize;

use super::event::GatewayEvent;

/// Answers one event of API Gateway's in the form that it wants.
///
/// # Errors
/// Never: whatever goes wrong is an answer.
pub async fn invoke<F>(
    handle: impl Fn(Request) -> F,
    event: LambdaEvent<GatewayEvent>,
) -> Result<impl Serialize, Infallible>
where
    F: Future<Output = Response<Body>> + Send,
{
    let service = service_fn(|request| {
        let answer = handle(request);
        async move { Ok(answer.await) }
    });
    Adapter::from(service).call(LambdaEvent::new(event.payload.0, event.context)).await
}

/// Answers events until Lambda ends the environment.
///
/// # Errors
/// Why Lambda's runtime cannot be reached.
pub async fn run<F>(handle: impl Fn(Request) -> F) -> Result<(), Error>
where
    F: Future<Output = Response<Body>> + Send,
{
    lambda_runtime::run(service_fn(|event| invoke(&handle, event))).await
}
