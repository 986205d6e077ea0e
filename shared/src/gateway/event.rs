//! Events of both kinds of API Gateway, as Lambda passes them.
//!
//! `lambda_http` tries one kind after the other, and refuses the whole event if one claim is not a string. Here, the
//! kind is recognised by a field that only one kind has, and claims are read separately, with the types that the
//! gateway gives them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HOST;
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Request, RequestExt};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::claims::VerifiedClaims;

/// Only payload format 2.0 has this field; inside a string its quotes would be escaped.
const FORMAT_2_FIELD: &str = "\"rawPath\"";

/// Replaces an event that does not come from API Gateway: a request without verified claims.
const ANONYMOUS: &str =
    r#"{"version":"2.0","rawPath":"/","headers":{},"requestContext":{"http":{"method":"POST","path":"/"}}}"#;

/// An event, ready to become a request.
#[derive(Debug)]
pub struct GatewayEvent {
    request: LambdaRequest,
    claims: Option<VerifiedClaims>,
}

impl GatewayEvent {
    /// The request, and the claims that the gateway's authorizer has verified; `None` if it has
    /// verified nothing.
    #[must_use]
    pub fn into_parts(self) -> (LambdaRequest, Option<VerifiedClaims>) {
        (self.request, self.claims)
    }
}

impl<'de> Deserialize<'de> for GatewayEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let event = read(raw.get()).or_else(|| read(&without_claims(raw.get())?));
        match event.map(|event| (event, VerifiedClaims::of_event(raw.get()))).or_else(|| Some((read(ANONYMOUS)?, None)))
        {
            Some((request, claims)) => Ok(Self { request: without_what_could_break_it(request), claims }),
            None => Err(serde::de::Error::custom("not an event")),
        }
    }
}

/// The gateway's id of a request, or Lambda's if the event has none.
pub(crate) fn request_id(request: &Request) -> String {
    let of_gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        _ => None,
    };
    let of_lambda = || request.lambda_context_ref().map(|context| context.request_id.clone());
    of_gateway.or_else(of_lambda).unwrap_or_default()
}

/// The requested path, with the gateway's prefix, which the request's own URL does not have.
pub(crate) fn path(request: &Request) -> Option<String> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.path.clone(),
        RequestContext::ApiGatewayV1(context) => context.path.clone().or_else(|| context.resource_path.clone()),
        _ => None,
    }
}

fn read(event: &str) -> Option<LambdaRequest> {
    let format_1 = || serde_json::from_str(event).map(LambdaRequest::ApiGatewayV1).ok();
    if event.contains(FORMAT_2_FIELD) {
        // In format 1.0, a header with the name `rawPath` looks the same.
        serde_json::from_str(event).map(LambdaRequest::ApiGatewayV2).ok().or_else(format_1)
    } else {
        format_1()
    }
}

/// The event without a JWT's claims, because their declared type does not allow lists and numbers.
fn without_claims(event: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(event).ok()?;
    event.pointer_mut("/requestContext/authorizer/jwt/claims")?.as_object_mut()?.clear();
    Some(event.to_string())
}

/// `lambda_http` panics if host, stage, path and query do not form a URL, or if a body is not the base64 that the event
/// declares. So these parts are removed or corrected. The URL is not needed: the path is in the context as well, and
/// the query is read before it is removed.
fn without_what_could_break_it(mut event: LambdaRequest) -> LambdaRequest {
    match &mut event {
        LambdaRequest::ApiGatewayV2(event) => {
            if let Some(Ok(query)) = event.raw_query_string.take().map(|query| query.parse()) {
                event.query_string_parameters = query;
            }
            (event.raw_path, event.request_context.stage, event.request_context.domain_name) = (None, None, None);
            event.headers.remove(HOST);
            event.is_base64_encoded &= is_base64(event.body.as_deref());
        }
        LambdaRequest::ApiGatewayV1(event) => {
            (event.path, event.request_context.stage, event.request_context.domain_name) = (None, None, None);
            event.headers.remove(HOST);
            event.is_base64_encoded &= is_base64(event.body.as_deref());
        }
        _ => {}
    }
    event
}

fn is_base64(body: Option<&str>) -> bool {
    body.is_none_or(|body| STANDARD.decode(body).is_ok())
}
