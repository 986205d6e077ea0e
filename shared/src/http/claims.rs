//! The verified claims of a gateway event.

use std::collections::HashMap;

use http::header;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;

use crate::domain::UserAssertion;

/// The claims that the gateway's authorizer has verified; `None` where it has
/// verified nothing. Nothing that the client sends itself is looked at.
pub(super) fn verified_claims(request: &lambda_http::Request) -> Option<HashMap<String, String>> {
    let RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else { return None };
    Some(context.authorizer.as_ref()?.jwt.as_ref()?.claims.clone())
}

/// The bearer token itself, which the authorizer has verified.
pub(super) fn assertion(request: &lambda_http::Request) -> Option<UserAssertion> {
    UserAssertion::from_header(request.headers().get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// The gateway's id of the request, or Lambda's where an event has none.
pub(super) fn request_id(request: &lambda_http::Request) -> String {
    let of_gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    let of_lambda = || request.lambda_context_ref().map(|context| context.request_id.clone());
    of_gateway.or_else(of_lambda).unwrap_or_default()
}
