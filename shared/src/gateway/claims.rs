//! The verified claims of a gateway event, for every kind of authorizer.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::{Map, Value};

use super::payload;

/// Cognito's list of groups, which REST APIs write as `a,b`.
const COGNITO_GROUPS: &str = "cognito:groups";

/// Claims that the gateway's authorizer has verified, with the types that they have in the token.
///
/// Only the reader of gateway events makes them, and nothing that the client itself writes is among them. There is no
/// other way to make them:
///
/// ```compile_fail
/// let forged = dynabind::gateway::VerifiedClaims { values: Default::default() };
/// ```
///
/// ```compile_fail
/// let forged = dynabind::gateway::VerifiedClaims::from([("sub", "carl")]);
/// ```
///
/// ```compile_fail
/// let forged: dynabind::gateway::VerifiedClaims = serde_json::from_str(r#"{"sub":"carl"}"#).unwrap();
/// ```
#[derive(Clone)]
pub struct VerifiedClaims {
    values: BTreeMap<String, Claim>,
}

/// A claim's value, in the forms that this program uses.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Claim {
    /// A string, a number or a boolean.
    One(String),
    /// The strings of a list; its other elements are dropped.
    Many(Vec<String>),
    /// An object.
    Unusable,
}

/// Which gateway has sent an event, and in which form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sender {
    /// An HTTP API, in payload format 2.0.
    HttpApi,
    /// An HTTP API, in payload format 1.0.
    HttpApiInFormat1,
    /// A REST API.
    RestApi,
}

/// The authorizer that has verified the claims. It decides how lists are written.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Authorizer {
    /// The JWT authorizer of an HTTP API; an array `["a","b"]` becomes the text `[a b]`.
    Jwt,
    /// The Cognito authorizer of a REST API; an array becomes the text `a,b`.
    Cognito,
    /// A Lambda authorizer; its context arrives unchanged.
    Lambda,
}

impl VerifiedClaims {
    /// Reads the claims out of what an authorizer has written into an event. `headers` are those of the same event.
    pub(super) fn of_authorizer(sender: Sender, context: Map<String, Value>, headers: &HeaderMap) -> Option<Self> {
        let (authorizer, claims) = match sender {
            Sender::HttpApi => verified_in_format_2(context)?,
            Sender::HttpApiInFormat1 | Sender::RestApi => verified_in_format_1(context, sender),
        };
        let needs_payload = match authorizer {
            Authorizer::Jwt => claims.values().any(|value| value.as_str().is_some_and(looks_flattened)),
            Authorizer::Cognito => true,
            Authorizer::Lambda => false,
        };
        let payload = if needs_payload { payload::of_headers(headers, &claims) } else { None };
        let read = |(name, value): (String, Value)| {
            let claim = match payload.as_ref().and_then(|payload| payload.get(&name)) {
                Some(original) => Claim::of_json(original.clone()),
                None => Claim::of_authorizer(authorizer, &name, value),
            };
            Some((name, claim?))
        };
        Some(Self { values: claims.into_iter().filter_map(read).collect() })
    }

    /// A claim with a single value, as text; `None` if it is absent, empty, a list or an object.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        match self.values.get(name)? {
            Claim::One(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            Claim::Many(_) | Claim::Unusable => None,
        }
    }

    /// Whether the claim is a list or an object, and not a single value.
    #[must_use]
    pub fn is_not_one(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Claim::Many(_) | Claim::Unusable))
    }

    /// The values of a claim that may be a list; a text is a list of one.
    pub fn many(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = match self.values.get(name) {
            Some(Claim::One(text)) => std::slice::from_ref(text),
            Some(Claim::Many(texts)) => texts,
            Some(Claim::Unusable) | None => &[],
        };
        values.iter().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Claims for the crate's own unit tests, as a Lambda authorizer would write them.
    #[cfg(test)]
    pub(crate) fn for_test(claims: &Value) -> Self {
        let context = Map::from_iter([("lambda".to_owned(), claims.clone())]);
        Self::of_authorizer(Sender::HttpApi, context, &HeaderMap::new()).unwrap()
    }
}

impl std::fmt::Debug for VerifiedClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Claims may contain personal data, such as names and addresses.
        f.debug_struct("VerifiedClaims").finish_non_exhaustive()
    }
}

impl Claim {
    /// A value with the type that it has in the token; `null` counts as absent.
    fn of_json(value: Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::One(text)),
            Value::Number(_) | Value::Bool(_) => Some(Self::One(value.to_string())),
            Value::Array(items) => Some(Self::Many(items.into_iter().filter_map(text).collect())),
            Value::Object(_) => Some(Self::Unusable),
            Value::Null => None,
        }
    }

    /// A value as the authorizer writes it, for events without the token itself.
    fn of_authorizer(authorizer: Authorizer, name: &str, value: Value) -> Option<Self> {
        let Value::String(text) = value else { return Self::of_json(value) };
        Some(match authorizer {
            Authorizer::Jwt => flattened_list(&text).unwrap_or_else(|| flattened_object(text)),
            Authorizer::Cognito if name == COGNITO_GROUPS => Self::Many(text.split(',').map(str::to_owned).collect()),
            Authorizer::Cognito | Authorizer::Lambda => Self::One(text),
        })
    }
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// `[a b]` may have been a list of two, so it is never used as one value.
fn flattened_list(text: &str) -> Option<Claim> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    Some(Claim::Many(inner.split_whitespace().map(str::to_owned).collect()))
}

fn flattened_object(text: String) -> Claim {
    if looks_like_object(&text) { Claim::Unusable } else { Claim::One(text) }
}

fn looks_like_object(text: &str) -> bool {
    (text.starts_with("map[") && text.ends_with(']')) || (text.starts_with('{') && text.ends_with('}'))
}

fn looks_flattened(text: &str) -> bool {
    (text.starts_with('[') && text.ends_with(']')) || looks_like_object(text)
}

/// The claims in an event of payload format 2.0, and the authorizer that has verified them. The claims of a JWT are
/// under `jwt`, and the context of a Lambda authorizer is under `lambda`. IAM authorization gives no claims, because it
/// identifies an AWS principal and not a user of a tenant.
fn verified_in_format_2(mut context: Map<String, Value>) -> Option<(Authorizer, Map<String, Value>)> {
    match context.remove("jwt") {
        Some(Value::Object(mut jwt)) => Some((Authorizer::Jwt, object(jwt.remove("claims"))?)),
        Some(_) => None,
        None => Some((Authorizer::Lambda, with_principal_as_subject(object(context.remove("lambda"))?))),
    }
}

/// The claims in an event of a REST API, or of an HTTP API in payload format 1.0. The claims of Cognito or of a JWT are
/// under `claims`; the context of a Lambda authorizer is the whole `authorizer` object.
fn verified_in_format_1(mut context: Map<String, Value>, sender: Sender) -> (Authorizer, Map<String, Value>) {
    match object(context.remove("claims")) {
        Some(claims) if sender == Sender::HttpApiInFormat1 => (Authorizer::Jwt, claims),
        Some(claims) => (Authorizer::Cognito, claims),
        None => (Authorizer::Lambda, with_principal_as_subject(context)),
    }
}

fn object(value: Option<Value>) -> Option<Map<String, Value>> {
    if let Some(Value::Object(fields)) = value { Some(fields) } else { None }
}

/// A Lambda authorizer's `principalId` names the authorised caller; it is the subject if the context has no `sub`.
fn with_principal_as_subject(mut context: Map<String, Value>) -> Map<String, Value> {
    if let Some(principal) = context.get("principalId").cloned() {
        context.entry("sub").or_insert(principal);
    }
    context
}
