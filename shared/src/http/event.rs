//! Events of both kinds of API Gateway, as Lambda hands them over.
//!
//! `lambda_http` tries one kind after the other and gives up on the whole event
//! where one claim is not a string. Here the kind is told by a field that only
//! one of them has, and claims that kept their JSON types are turned into text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HOST;
use lambda_http::request::LambdaRequest;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::claims::text_of;

/// Only payload format 2.0 has this field; inside a string its quotes would be escaped.
const FORMAT_2_FIELD: &str = "\"rawPath\"";

/// Stands in for an event of another service: nobody has verified anything in it.
const ANONYMOUS: &str =
    r#"{"version":"2.0","rawPath":"/","headers":{},"requestContext":{"http":{"method":"POST","path":"/"}}}"#;

/// An event, ready to become a request.
#[derive(Debug)]
pub struct GatewayEvent(pub(super) LambdaRequest);

impl<'de> Deserialize<'de> for GatewayEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let event = read(raw.get()).or_else(|| read(&with_text_claims(raw.get())?));
        let event = event.or_else(|| read(ANONYMOUS)).map(without_what_could_break_it);
        event.map(Self).ok_or_else(|| serde::de::Error::custom("not an event"))
    }
}

fn read(event: &str) -> Option<LambdaRequest> {
    let format_1 = || serde_json::from_str(event).map(LambdaRequest::ApiGatewayV1).ok();
    if event.contains(FORMAT_2_FIELD) {
        // A header of that name would look the same in format 1.0.
        serde_json::from_str(event).map(LambdaRequest::ApiGatewayV2).ok().or_else(format_1)
    } else {
        format_1()
    }
}

/// The event with claims that are text, as its declared type has them.
fn with_text_claims(event: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(event).ok()?;
    let claims = event.pointer_mut("/requestContext/authorizer/jwt/claims")?.as_object_mut()?;
    let texts = std::mem::take(claims).into_iter().filter_map(|(name, value)| Some((name, text_of(&value)?.into())));
    *claims = texts.collect();
    Some(event.to_string())
}

/// `lambda_http` panics where host, stage, path and query make no URL, or a body
/// is not the base64 that it is said to be. Nobody here asks for the URL: each
/// function has one route, and the query is read before it goes.
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
