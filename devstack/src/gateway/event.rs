//! The event for a function: payload format 2.0.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::{HeaderMap, Uri};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::authorizer::VerifiedToken;
use super::routes::Parameters;
use crate::template::Route;
use crate::time_source::{unix_millis, unix_seconds, whole_seconds};

/// The address of every caller, because all callers are local.
const SOURCE_IP: &str = "127.0.0.1";

/// The parts of an event.
pub(crate) struct EventParts<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) route: &'a Route,
    pub(crate) parameters: &'a Parameters,
    pub(crate) grant: Option<&'a VerifiedToken>,
    pub(crate) now: SystemTime,
    pub(crate) request_id: &'a str,
}

/// The event as JSON.
pub(crate) fn build(parts: &EventParts<'_>) -> Value {
    let route_key = format!("{} {}", parts.route.method, parts.route.path);
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": parts.uri.path(),
        "rawQueryString": query,
        "headers": headers(parts),
        "requestContext": request_context(parts, &route_key),
        "isBase64Encoded": false,
    });
    let optional = [
        ("cookies", cookies(parts.headers)),
        ("queryStringParameters", query_parameters(query)),
        ("pathParameters", json!(parts.parameters)),
    ];
    for (name, value) in optional {
        let empty = value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        if !empty {
            event[name] = value;
        }
    }
    if !parts.body.is_empty() {
        let (body, encoded) = body(parts.headers, parts.body);
        event["body"] = json!(body);
        event["isBase64Encoded"] = json!(encoded);
    }
    event
}

fn request_context(parts: &EventParts<'_>, route_key: &str) -> Value {
    let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).or(parts.uri.host()).unwrap_or("localhost");
    let prefix = host.split(['.', ':']).next().unwrap_or_default();
    let mut context = json!({
        "accountId": "123456789012",
        "apiId": "devstack00",
        "domainName": host,
        "domainPrefix": prefix,
        "http": {
            "method": parts.method,
            "path": parts.uri.path(),
            "protocol": "HTTP/1.1",
            "sourceIp": SOURCE_IP,
            "userAgent": text(USER_AGENT).unwrap_or_default(),
        },
        "requestId": parts.request_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": clf_time(parts.now),
        "timeEpoch": unix_millis(parts.now),
    });
    if let Some(grant) = parts.grant {
        context["authorizer"] = json!({"jwt": {"claims": grant.claims, "scopes": grant.scopes}});
    }
    context
}

/// Headers with names in lower case and joined values. Cookies are separate, and the gateway adds the source of the
/// request.
fn headers(parts: &EventParts<'_>) -> BTreeMap<String, String> {
    let trace = format!("Root=1-{:08x}-{}", unix_seconds(parts.now), &Uuid::new_v4().simple().to_string()[..24]);
    let added = [
        ("x-amzn-trace-id", trace.as_str()),
        ("x-forwarded-for", SOURCE_IP),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ];
    let mut joined: BTreeMap<_, _> =
        added.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for (name, value) in parts.headers.iter().filter(|(name, _)| *name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|so_far| {
                so_far.push(',');
                so_far.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Value {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = values.flat_map(|value| value.split(';')).map(str::trim);
    cookies.filter(|cookie| !cookie.is_empty()).collect()
}

/// Decoded parameters. Several values of one are joined by a comma.
fn query_parameters(query: &str) -> Value {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        joined
            .entry(name)
            .and_modify(|so_far| {
                so_far.push(',');
                so_far.push_str(&value);
            })
            .or_insert(value);
    }
    json!(joined)
}

/// Text unchanged, anything else in base64.
fn body(headers: &HeaderMap, body: &[u8]) -> (String, bool) {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match std::str::from_utf8(body) {
        Ok(text) if content_type.is_none_or(is_text) => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    }
}

fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&media_type)
}

/// `24/Nov/2026:04:00:00 +0000`.
fn clf_time(now: SystemTime) -> String {
    let moment = whole_seconds(now);
    let month: String = moment.month().to_string().chars().take(3).collect();
    format!(
        "{:02}/{month}/{}:{:02}:{:02}:{:02} +0000",
        moment.day(),
        moment.year(),
        moment.hour(),
        moment.minute(),
        moment.second(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn event(request: &http::Request<&'static str>) -> Value {
        let route = Route {
            method: "POST".to_owned(),
            path: "/token".to_owned(),
            function: "token".to_owned(),
            authorized: true,
        };
        let claims = BTreeMap::from([("groups".to_owned(), "[a b]".to_owned())]);
        build(&EventParts {
            method: request.method().as_str(),
            uri: request.uri(),
            headers: request.headers(),
            body: request.body().as_bytes(),
            route: &route,
            parameters: &Parameters::new(),
            grant: Some(&VerifiedToken { claims, scopes: None }),
            now: UNIX_EPOCH + Duration::from_hours(498_748),
            request_id: "r1",
        })
    }

    #[test]
    fn an_event_has_the_shape_of_payload_2() {
        let request = http::Request::post("/token?a=1&a=2&b=%20")
            .header("x-a", "1")
            .header("X-A", "2")
            .header("cookie", "c=d; e=f")
            .header("content-type", "application/json")
            .body("{}")
            .unwrap();
        let event = event(&request);
        assert_eq!(event["rawQueryString"], "a=1&a=2&b=%20");
        assert_eq!(event["queryStringParameters"], json!({"a": "1,2", "b": " "}));
        assert_eq!(event["headers"]["x-a"], "1,2");
        assert_eq!(event["cookies"], json!(["c=d", "e=f"]));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        let context = &event["requestContext"];
        assert_eq!(context["time"], "24/Nov/2026:04:00:00 +0000");
        assert_eq!(context["timeEpoch"], 1_795_492_800_000_u64);
        assert_eq!(context["authorizer"], json!({"jwt": {"claims": {"groups": "[a b]"}, "scopes": null}}));
        assert!(event.get("pathParameters").is_none());
    }

    #[test]
    fn a_form_arrives_in_base64_as_it_does_from_the_gateway() {
        let request = http::Request::post("/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("hi")
            .unwrap();
        let event = event(&request);
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("aGk="), &json!(true)));
    }
}
