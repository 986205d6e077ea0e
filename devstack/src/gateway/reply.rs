//! The conversion of a function's answer to HTTP, and the gateway's own answers.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const REMAPPED_WWW_AUTHENTICATE: HeaderName = HeaderName::from_static("x-amzn-remapped-www-authenticate");

/// An answer of the gateway itself.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}

/// The answer to a caller if a function fails.
pub(super) fn integration_failure() -> Response {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

/// A function's answer in payload format 2.0.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionAnswer {
    status_code: u16,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The answer as HTTP; `None` if the gateway would not accept it.
pub(super) fn from_function(answer: Value) -> Option<Response> {
    let answer: FunctionAnswer = serde_json::from_value(answer).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    for (name, value) in answer.headers.unwrap_or_default() {
        let name = remapped(HeaderName::from_bytes(name.as_bytes()).ok()?);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        response.headers_mut().append(name, HeaderValue::from_str(&value).ok()?);
    }
    for cookie in answer.cookies.unwrap_or_default() {
        response.headers_mut().append(SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    Some(response)
}

/// The gateway reserves `WWW-Authenticate` for its own answers, and renames the header of a function ("Amazon API Gateway
/// important notes", remapped headers).
fn remapped(name: HeaderName) -> HeaderName {
    if name == WWW_AUTHENTICATE { REMAPPED_WWW_AUTHENTICATE } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_http() {
        let response = from_function(json!({
            "statusCode": 201, "headers": {"x-a": "b", "WWW-Authenticate": "Bearer"}, "cookies": ["c=d"],
            "body": "aGk=", "isBase64Encoded": true,
        }))
        .unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["x-a"], "b");
        assert_eq!(response.headers()["x-amzn-remapped-www-authenticate"], "Bearer");
        assert!(!response.headers().contains_key("www-authenticate"));
        assert_eq!(response.headers()["set-cookie"], "c=d");
        assert!(from_function(json!({"statusCode": 7})).is_none());
        assert!(from_function(json!({"body": "x"})).is_none());
    }
}
