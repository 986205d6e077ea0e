//! The verified claims of a gateway event, whichever authorizer has verified them.

use std::collections::HashMap;

use http::header;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use serde_json::Value;

use crate::domain::UserAssertion;

/// The claims that the gateway's authorizer has verified; `None` where it has
/// verified nothing. Nothing that the client sends itself is looked at.
///
/// HTTP APIs hand over a JWT's claims under `jwt` and a Lambda authorizer's
/// context under `lambda`. REST APIs, and HTTP APIs in payload format 1.0, have
/// `claims` of a JWT or of Cognito, or the Lambda authorizer's context itself.
/// IAM identifies an AWS principal and not one of the tenants' users.
pub(super) fn verified_claims(request: &lambda_http::Request) -> Option<HashMap<String, String>> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => {
            let authorizer = context.authorizer.as_ref()?;
            match &authorizer.jwt {
                Some(jwt) => Some(jwt.claims.clone()),
                None => Some(context_claims(&authorizer.fields)),
            }
        }
        RequestContext::ApiGatewayV1(context) => match context.authorizer.fields.get("claims") {
            Some(Value::Object(claims)) => Some(texts(claims)),
            _ => Some(context_claims(&context.authorizer.fields)),
        },
        _ => None,
    }
}

/// A Lambda authorizer's context. Its `principalId` is who was authorised, and
/// is the subject where the context names none.
fn context_claims(context: &HashMap<String, Value>) -> HashMap<String, String> {
    let mut claims = texts(context);
    if let Some(principal) = claims.get("principalId").cloned() {
        claims.entry("sub".to_owned()).or_insert(principal);
    }
    claims
}

fn texts<'c>(claims: impl IntoIterator<Item = (&'c String, &'c Value)>) -> HashMap<String, String> {
    claims.into_iter().filter_map(|(name, value)| Some((name.clone(), text_of(value)?))).collect()
}

/// A claim as text. A list keeps its JSON, from which it can be read without
/// guessing; an object is no claim that anything here could use.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) | Value::Array(_) => Some(value.to_string()),
        Value::Null | Value::Object(_) => None,
    }
}

/// The bearer token itself, which the authorizer has verified.
pub(super) fn assertion(request: &lambda_http::Request) -> Option<UserAssertion> {
    UserAssertion::from_header(request.headers().get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// The gateway's id of the request, or Lambda's where an event has none.
pub(super) fn request_id(request: &lambda_http::Request) -> String {
    let of_gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        _ => None,
    };
    let of_lambda = || request.lambda_context_ref().map(|context| context.request_id.clone());
    of_gateway.or_else(of_lambda).unwrap_or_default()
}
