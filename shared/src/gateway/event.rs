//! Events of both kinds of API Gateway, as Lambda passes them.
//!
//! `lambda_http` is not used: it parses a URL that no answer needs and panics if there is none, it refuses a whole event
//! for one claim that is not a string, and it decodes and copies each body and answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::claims::{Sender, VerifiedClaims};

/// The request that an event of API Gateway carries, and the claims that the gateway's authorizer has verified.
#[derive(Debug, Default)]
pub struct GatewayEvent {
    /// The gateway's id of the request.
    pub(crate) id: Option<String>,
    pub(crate) method: Method,
    /// The requested path, with the stage and the prefix of the gateway.
    pub(crate) path: String,
    /// The parameters of the query, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// `None` if no authorizer has verified anything.
    pub(crate) claims: Option<VerifiedClaims>,
}

impl GatewayEvent {
    /// The claims that the gateway's authorizer has verified; `None` if it has verified nothing.
    #[must_use]
    pub fn into_claims(self) -> Option<VerifiedClaims> {
        self.claims
    }

    fn of_json(json: &str) -> Option<Self> {
        let event: Event<'_> = serde_json::from_str(json).ok()?;
        let sender = event.sender();
        let context = event.request_context?;
        let http = context.http.unwrap_or_default();
        let claims = |authorizer| VerifiedClaims::of_authorizer(sender, authorizer, &event.headers.0);
        Some(Self {
            claims: context.authorizer.and_then(claims),
            id: context.request_id,
            method: event.http_method.or(http.method)?.parse().ok()?,
            path: http.path.or(context.path).or(context.resource_path).unwrap_or_default(),
            query: match event.raw_query_string {
                Some(query) => form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
                None => decoded(event.query_string_parameters, event.multi_value_query_string_parameters),
            },
            headers: event.headers.0,
            body: bytes(event.body.unwrap_or_default(), event.is_base64_encoded.unwrap_or_default()),
        })
    }
}

impl<'de> Deserialize<'de> for GatewayEvent {
    /// An event of another service is read as a request for which nothing is verified, and not as an error: the answer
    /// is 401 then.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::of_json(json.get()).unwrap_or_default())
    }
}

/// What is read of an event. A field of another type makes the whole event unreadable.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'e> {
    /// Only payload format 2.0 has it.
    raw_path: Option<IgnoredAny>,
    /// Only HTTP APIs have it.
    version: Option<IgnoredAny>,
    #[serde(default)]
    headers: Headers,
    #[serde(borrow)]
    http_method: Option<&'e str>,
    raw_query_string: Option<String>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
    #[serde(borrow)]
    request_context: Option<Context<'e>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'e> {
    request_id: Option<String>,
    /// In payload format 2.0.
    #[serde(borrow)]
    http: Option<Http<'e>>,
    /// In payload format 1.0.
    path: Option<String>,
    /// In payload format 1.0.
    resource_path: Option<String>,
    authorizer: Option<Map<String, Value>>,
}

#[derive(Default, Deserialize)]
struct Http<'e> {
    #[serde(borrow)]
    method: Option<&'e str>,
    path: Option<String>,
}

impl Event<'_> {
    fn sender(&self) -> Sender {
        match (&self.raw_path, &self.version) {
            (Some(_), _) => Sender::HttpApi,
            (None, Some(_)) => Sender::HttpApiInFormat1,
            (None, None) => Sender::RestApi,
        }
    }
}

/// The headers of an event; `null` is no headers.
#[derive(Default)]
struct Headers(HeaderMap);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self::default())
    }
}

impl<'de> Visitor<'de> for Headers {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut headers: A) -> Result<Self, A::Error> {
        while let Some((Text(name), Text(value))) = headers.next_entry()? {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                // An unusable value is kept as an empty one, so that a second `Authorization` header is not overlooked.
                let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""));
                self.0.append(name, value);
            }
        }
        Ok(self)
    }
}

/// A text that is copied only if it has escape sequences.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// The parameters as the gateway has decoded them. Its lists have those that occur twice.
fn decoded(
    single: Option<BTreeMap<String, String>>,
    lists: Option<BTreeMap<String, Vec<String>>>,
) -> Vec<(String, String)> {
    match lists {
        Some(lists) => lists
            .into_iter()
            .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
            .collect(),
        None => single.into_iter().flatten().collect(),
    }
}

/// The bytes of a body. A body that is not the base64 that the event declares is used as it is.
fn bytes(body: String, is_base64: bool) -> Vec<u8> {
    let decoded = if is_base64 { STANDARD.decode(&body).ok() } else { None };
    decoded.unwrap_or_else(|| body.into_bytes())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn event(changes: &[(&str, Value)]) -> GatewayEvent {
        let claims = json!({ "sub": "carl", "groups": "[a b]" });
        let mut event = json!({
            "version": "2.0", "rawPath": "/token", "headers": {},
            "requestContext": { "http": { "method": "POST" }, "authorizer": { "jwt": { "claims": claims } } },
        });
        for (pointer, value) in changes {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap()[name] = value.clone();
        }
        serde_json::from_str(&event.to_string()).unwrap()
    }

    fn groups(event: GatewayEvent) -> Vec<String> {
        event.into_claims().unwrap().many("groups").map(str::to_owned).collect()
    }

    #[test]
    fn a_token_is_read_only_if_there_is_one_authorization_header() {
        let payload = URL_SAFE_NO_PAD.encode(json!({ "sub": "carl", "groups": ["a b"] }).to_string());
        let token = json!(format!("Bearer h.{payload}.s"));
        assert_eq!(groups(event(&[("/headers/Authorization", token.clone())])), ["a b"]);
        for second in [token.clone(), json!("Basic x"), json!(""), json!("a\u{0}b")] {
            let headers = [("/headers/Authorization", token.clone()), ("/headers/authorization", second)];
            assert_eq!(groups(event(&headers)), ["a", "b"], "{headers:?}");
        }
    }

    #[test]
    fn an_unusable_header_does_not_hide_the_others() {
        let headers = json!({ "a b": "1", "": "2", "x-control": "\u{7f}", "X-Name": "é", "x-name": "f" });
        let event = event(&[("/headers", headers)]);
        let values: Vec<_> = event.headers.get_all("x-name").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(values, ["é".as_bytes(), b"f"]);
        assert_eq!(event.headers["x-control"], "");
        assert_eq!(event.headers.len(), 3);
    }

    #[test]
    fn a_query_may_name_a_parameter_twice() {
        let twice = [("report".to_owned(), "a b".to_owned()), ("report".to_owned(), "c".to_owned())];
        assert_eq!(event(&[("/rawQueryString", json!("report=a%20b&report=c"))]).query, twice);
        let lists = json!({ "report": ["a b", "c"] });
        let single = json!({ "report": "c" });
        let decoded = event(&[("/multiValueQueryStringParameters", lists), ("/queryStringParameters", single.clone())]);
        assert_eq!(decoded.query, twice);
        assert_eq!(event(&[("/queryStringParameters", single)]).query, twice[1..]);
    }

    #[test]
    fn an_event_that_is_not_of_a_gateway_has_no_claims() {
        for changes in [
            ("/requestContext", Value::Null),
            ("/requestContext/http", json!({})),
            ("/requestContext/http/method", json!("PO ST")),
            ("/headers/x", json!(7)),
            ("/body", json!({})),
        ] {
            assert!(event(std::slice::from_ref(&changes)).into_claims().is_none(), "{changes:?}");
        }
        for other in ["[]", "7", "{}", "null", r#"{"Records":[]}"#] {
            assert!(serde_json::from_str::<GatewayEvent>(other).unwrap().into_claims().is_none(), "{other}");
        }
    }
}
