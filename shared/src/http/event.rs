//! Events of both kinds of API Gateway, as Lambda hands them over.
//!
//! `lambda_http` tries one kind after the other and gives up on the whole event
//! where one claim is not a string. Here the kind is told by a field that only
//! one of them has, and claims that kept their JSON types are turned into text.

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
        event.or_else(|| read(ANONYMOUS)).map(Self).ok_or_else(|| serde::de::Error::custom("not an event"))
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
