//! The parameters of `GetWebIdentityToken`.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::answer::Refusal;

const ACTION: &str = "GetWebIdentityToken";
const VERSION: &str = "2011-06-15";

/// The lifetime of a token if the request has none.
const DEFAULT_SECONDS: u64 = 300;

/// A request that the service would accept.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct TokenRequest {
    pub(super) audience: Vec<String>,
    pub(super) signing_algorithm: String,
    pub(super) duration_seconds: u64,
}

impl TokenRequest {
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let mut parameters = parameters(headers, body)?;
        let action = parameters.remove("Action").ok_or_else(Refusal::missing_action)?;
        let version = parameters.remove("Version").unwrap_or_default();
        if action != ACTION || version != VERSION {
            return Err(Refusal::unknown_action(&action, &version));
        }
        let audience = audience(&mut parameters)?;
        let signing_algorithm = parameters.remove("SigningAlgorithm").unwrap_or_default();
        if !["RS256", "ES384"].contains(&signing_algorithm.as_str()) {
            return Err(Refusal::invalid("signingAlgorithm", &signing_algorithm));
        }
        let duration = parameters.remove("DurationSeconds");
        let seconds = duration.as_deref().map_or(Some(DEFAULT_SECONDS), |text| text.parse().ok());
        let duration_seconds = seconds
            .filter(|seconds| (60..=3600).contains(seconds))
            .ok_or_else(|| Refusal::invalid("durationSeconds", duration.as_deref().unwrap_or_default()))?;
        match parameters.into_iter().next() {
            // The service also accepts tags, but no function sends them.
            Some((name, value)) => Err(Refusal::invalid(&name, &value)),
            None => Ok(Self { audience, signing_algorithm, duration_seconds }),
        }
    }
}

/// `Audience.member.1` and so on, without a gap: 1 to 10 of 1 to 1000 characters.
fn audience(parameters: &mut BTreeMap<String, String>) -> Result<Vec<String>, Refusal> {
    let members = (1..=10).map_while(|index| parameters.remove(&format!("Audience.member.{index}")));
    let audience: Vec<String> = members.collect();
    match audience.iter().find(|member| !(1..=1000).contains(&member.len())) {
        Some(bad) => Err(Refusal::invalid("audience", bad)),
        None if audience.is_empty() => Err(Refusal::invalid("audience", "")),
        None => Ok(audience),
    }
}

/// The parameters. Each of them may occur only once.
fn parameters(headers: &HeaderMap, body: &[u8]) -> Result<BTreeMap<String, String>, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = content_type.split(';').next() == Some("application/x-www-form-urlencoded");
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
    if !is_form || pairs.is_empty() {
        return Err(Refusal::missing_action());
    }
    let mut parameters = BTreeMap::new();
    for (name, value) in pairs {
        if parameters.contains_key(&name) {
            return Err(Refusal::invalid(&name, &value));
        }
        parameters.insert(name, value);
    }
    Ok(parameters)
}
