//! The caller of a gateway event, read from the event's JSON as in "How claims are read" of the contract.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// The caller, with the claims that the gateway has verified.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The groups that the caller certainly has.
    pub groups: BTreeSet<String>,
    /// The groups that the caller possibly has. They include `groups`.
    pub possible_groups: BTreeSet<String>,
    claims: Map<String, Value>,
    /// The names of claims that are text in the event and may have been a list in the token.
    flattened: BTreeSet<String>,
}

/// A claim that is used as one value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claim {
    /// This text.
    Certain(String),
    /// This text or nothing: the event does not show whether it was a list.
    Possible(String),
    /// Nothing.
    Absent,
}

/// The place of the claims in an event, which decides how they are read.
enum Source<'e> {
    /// An HTTP API's JWT authorizer, which flattens lists.
    HttpApiJwt(&'e Map<String, Value>),
    /// Any other: values have their types.
    AsTheyAre(Map<String, Value>),
}

impl Caller {
    /// The caller of an event; `None` without verified claims.
    #[must_use]
    pub fn of_event(event: &Value, groups_claim: &str) -> Option<Self> {
        let mut caller = match source(event)? {
            Source::AsTheyAre(claims) => Self { claims, ..Self::default() },
            Source::HttpApiJwt(claims) => Self::of_flattened(claims, verified_payload(event, claims)),
        };
        let groups = caller.claims.get(groups_claim).cloned().unwrap_or_default();
        if let (true, Some(inside)) = (caller.flattened.contains(groups_claim), inside_brackets(&groups)) {
            caller.possible_groups = inside.split_whitespace().map(str::to_owned).collect();
            // The contract does not say that the text is split if the token contradicts the authorizer.
            caller.groups = if has_bearer(event) { BTreeSet::new() } else { caller.possible_groups.clone() };
        } else {
            caller.groups = groups_of(&groups);
            caller.possible_groups = caller.groups.iter().cloned().chain(encoded_groups(&groups)).collect();
        }
        Some(caller)
    }

    /// The caller of an authorizer that flattens lists. The token may be in the event.
    fn of_flattened(claims: &Map<String, Value>, payload: Option<Map<String, Value>>) -> Self {
        if let Some(claims) = payload {
            return Self { claims, ..Self::default() };
        }
        let names = claims.iter().filter(|(_, value)| may_be_flattened(value));
        let flattened = names.map(|(name, _)| name.clone()).collect();
        Self { claims: claims.clone(), flattened, ..Self::default() }
    }

    /// A claim as the one value that an identity, the tenant or the subject needs.
    #[must_use]
    pub fn claim(&self, name: &str) -> Claim {
        match self.claims.get(name) {
            Some(Value::String(text)) if self.flattened.contains(name) => Claim::Possible(text.clone()),
            Some(Value::String(text)) => Claim::Certain(text.clone()),
            Some(Value::Number(number)) if number.is_i64() => Claim::Certain(number.to_string()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Claim::Possible(value.to_string()),
            _ => Claim::Absent,
        }
    }

    /// The possible single value of a claim.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        match self.claim(name) {
            Claim::Certain(text) | Claim::Possible(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

fn source(event: &Value) -> Option<Source<'_>> {
    let authorizer = &event["requestContext"]["authorizer"];
    let is_format_2 = event["version"] == "2.0" || event.get("rawPath").is_some();
    if is_format_2 {
        if let Some(claims) = authorizer["jwt"]["claims"].as_object() {
            return Some(Source::HttpApiJwt(claims));
        }
        let context = authorizer["lambda"].as_object().or_else(|| authorizer.as_object())?;
        return Some(Source::AsTheyAre(with_subject(context)));
    }
    match authorizer["claims"].as_object() {
        // In payload format 1.0, only an HTTP API has the version.
        Some(claims) if event["version"] == "1.0" => Some(Source::HttpApiJwt(claims)),
        Some(claims) => Some(Source::AsTheyAre(claims.clone())),
        None => Some(Source::AsTheyAre(with_subject(authorizer.as_object()?))),
    }
}

/// The context of a Lambda authorizer, in which the principal may be the subject.
fn with_subject(context: &Map<String, Value>) -> Map<String, Value> {
    let mut claims = context.clone();
    if let (false, Some(principal)) = (claims.contains_key("sub"), claims.get("principalId").cloned()) {
        claims.insert("sub".to_owned(), principal);
    }
    claims
}

/// The claims in the payload of the bearer token, if they agree with those of the authorizer.
///
/// The authorizer passes on every claim of the verified token. So a payload that differs belongs to another token, and a claim
/// that is only in the payload is not verified.
fn verified_payload(event: &Value, claims: &Map<String, Value>) -> Option<Map<String, Value>> {
    let payload = bearer(event)?.split('.').nth(1)?;
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let read = |(name, value): (&String, &Value)| {
        let own = payload.get(name).filter(|own| flat(own) == flat(value))?;
        Some((name.clone(), own.clone()))
    };
    claims.iter().map(read).collect()
}

fn bearer(event: &Value) -> Option<&str> {
    let headers = event["headers"].as_object()?;
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    value.as_str()?.strip_prefix("Bearer ")
}

fn has_bearer(event: &Value) -> bool {
    bearer(event).is_some()
}

/// A claim in the format of an HTTP API's JWT authorizer.
#[must_use]
pub fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

/// Whether a text may have been a list or an object in the token.
fn may_be_flattened(value: &Value) -> bool {
    let is_object = |text: &str| (text.starts_with('{') && text.ends_with('}')) || text.starts_with("map[");
    inside_brackets(value).is_some() || value.as_str().is_some_and(is_object)
}

fn inside_brackets(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix('[')?.strip_suffix(']')
}

/// The groups of a claim that has kept its type.
fn groups_of(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) if !text.is_empty() => BTreeSet::from([text.clone()]),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}

/// The groups of a text that encodes a list. Gateways whose contexts contain only texts write lists as JSON, or separated by
/// commas as Cognito does. The contract does not mention them.
fn encoded_groups(value: &Value) -> Vec<String> {
    let Some(text) = value.as_str() else { return Vec::new() };
    match serde_json::from_str::<Value>(text) {
        Ok(list @ Value::Array(_)) => groups_of(&list).into_iter().collect(),
        _ if !text.starts_with('[') && text.contains(',') => {
            text.split(',').map(|part| part.trim().to_owned()).collect()
        }
        _ => Vec::new(),
    }
}
