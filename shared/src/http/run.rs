//! Passes events of Lambda's runtime to a function's handler, and the answers back.

use std::convert::Infallible;

use http::HeaderMap;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Serialize, Serializer};

use super::request::{Request, Response};
use crate::gateway::GatewayEvent;

/// An answer as every kind of API Gateway takes it. None of its headers has two values.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GatewayAnswer {
    status_code: u16,
    #[serde(serialize_with = "as_texts")]
    headers: HeaderMap,
    body: String,
    is_base64_encoded: bool,
}

fn as_texts<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    serializer
        .collect_map(headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))))
}

impl From<Response> for GatewayAnswer {
    fn from(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        Self { status_code: parts.status.as_u16(), headers: parts.headers, body, is_base64_encoded: false }
    }
}

/// Answers one event of API Gateway in the form that this kind of event requires.
///
/// # Errors
/// Never, because each failure becomes an answer.
pub async fn invoke<F>(
    handle: impl Fn(Request) -> F + Send + Sync,
    event: LambdaEvent<GatewayEvent>,
) -> Result<impl Serialize, Infallible>
where
    F: Future<Output = Response> + Send,
{
    let response = handle(Request { event: event.payload, invocation: event.context }).await;
    Ok(GatewayAnswer::from(response))
}

/// Answers events until Lambda ends the environment: one at a time, or on Lambda Managed Instances up to
/// `AWS_LAMBDA_MAX_CONCURRENCY` in parallel.
///
/// # Errors
/// Why Lambda's runtime cannot be reached.
pub async fn run<F>(handle: impl Fn(Request) -> F + Clone + Send + Sync + 'static) -> Result<(), lambda_runtime::Error>
where
    F: Future<Output = Response> + Send + 'static,
{
    lambda_runtime::run_concurrent(service_fn(move |event| invoke(handle.clone(), event))).await
}
