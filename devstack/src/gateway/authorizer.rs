//! The JWT authorizer.

use std::collections::BTreeMap;

use axum::response::Response;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::reply::message;
use crate::jwt::UnverifiedJwt;
use crate::keys::PublicKey;
use crate::template::JwtSettings;

/// Verifies callers' tokens like the gateway.
#[derive(Debug)]
pub(crate) struct Authorizer {
    settings: JwtSettings,
    keys: Vec<(String, PublicKey)>,
}

/// The contents of a verified token.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedToken {
    /// Every claim in the format of the gateway.
    pub(crate) claims: BTreeMap<String, String>,
    /// The token's scopes, if the route requires any.
    pub(crate) scopes: Option<Vec<String>>,
}

/// Why the authorizer refuses a request.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// No token, or an invalid one.
    Unauthorized(Option<&'static str>),
    /// A valid token without any of the required scopes.
    Forbidden(String),
}

impl Authorizer {
    /// Reads the issuer's keys from its JWKS.
    pub(crate) fn new(settings: JwtSettings, jwks: &Value) -> Self {
        let keys = jwks["keys"].as_array().into_iter().flatten().filter_map(|key| {
            let text = |name: &str| key[name].as_str();
            let public = PublicKey::from_jwk(text("n")?, text("e")?)?;
            Some((text("kid")?.to_owned(), public))
        });
        Self { settings, keys: keys.collect() }
    }

    /// Authorizes a request, or returns the reason for its refusal.
    pub(crate) fn check(&self, headers: &HeaderMap, now: u64) -> Result<VerifiedToken, Rejection> {
        let token = bearer(headers).ok_or(Rejection::Unauthorized(None))?;
        let claims = self.verified(token)?;
        self.check_claims(&claims, now)?;
        let scopes = self.check_scope(&claims)?;
        let claims = claims.iter().map(|(name, value)| (name.clone(), flattened(value)));
        Ok(VerifiedToken { claims: claims.collect(), scopes })
    }

    fn verified(&self, token: &str) -> Result<Map<String, Value>, Rejection> {
        let invalid = |why| Rejection::Unauthorized(Some(why));
        let jwt = UnverifiedJwt::parse(token).ok_or(invalid("the token is malformed"))?;
        // The gateway supports only RSA; issuers use RS256.
        if jwt.header("alg") != Some("RS256") {
            return Err(invalid("signing method is invalid"));
        }
        let kid = jwt.header("kid").ok_or(invalid("the token has no kid"))?;
        let key = self.keys.iter().find(|(known, _)| known == kid);
        let (_, key) = key.ok_or(invalid("unable to find a key for the token"))?;
        jwt.verified(|signed, signature| key.verifies_rs256(signed, signature)).ok_or(invalid("signature is invalid"))
    }

    fn check_claims(&self, claims: &Map<String, Value>, now: u64) -> Result<(), Rejection> {
        let invalid = |why| Err(Rejection::Unauthorized(Some(why)));
        if claims.get("iss").and_then(Value::as_str) != Some(self.settings.issuer.as_str()) {
            return invalid("the token has an invalid issuer");
        }
        if !self.is_for_us(claims) {
            return invalid("the token does not have a valid audience");
        }
        let time = |name: &str| claims.get(name).map(|value| value.as_u64().unwrap_or(u64::MAX));
        if !time("exp").is_some_and(|exp| exp > now && exp != u64::MAX) {
            return invalid("the token has expired");
        }
        if time("nbf").is_some_and(|nbf| nbf > now) || time("iat").is_some_and(|iat| iat > now) {
            return invalid("the token is not valid yet");
        }
        Ok(())
    }

    /// `client_id` counts only if there is no `aud`.
    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let named = match claims.get("aud").or(claims.get("client_id")) {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        self.settings.audience.iter().any(|audience| named.contains(&audience.as_str()))
    }

    fn check_scope(&self, claims: &Map<String, Value>) -> Result<Option<Vec<String>>, Rejection> {
        let wanted = &self.settings.scopes;
        if wanted.is_empty() {
            return Ok(None);
        }
        let granted = claims.get("scope").or(claims.get("scp"));
        let granted: Vec<String> = match granted {
            Some(Value::String(list)) => list.split(' ').map(str::to_owned).collect(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        if granted.iter().any(|scope| wanted.contains(scope)) {
            Ok(Some(granted))
        } else {
            Err(Rejection::Forbidden(wanted.join(" ")))
        }
    }
}

impl Rejection {
    /// The gateway's answer.
    pub(crate) fn response(&self) -> Response {
        let (status, text, challenge) = match self {
            Self::Unauthorized(None) => (StatusCode::UNAUTHORIZED, "Unauthorized", "Bearer".to_owned()),
            Self::Unauthorized(Some(why)) => {
                let challenge = format!("Bearer error=\"invalid_token\" error_description=\"{why}\"");
                (StatusCode::UNAUTHORIZED, "Unauthorized", challenge)
            }
            Self::Forbidden(scopes) => {
                let challenge = format!(
                    "Bearer scope=\"{scopes}\" error=\"insufficient_scope\" \
                     error_description=\"the token does not have a required scope\""
                );
                (StatusCode::FORBIDDEN, "Forbidden", challenge)
            }
        };
        let mut response = message(status, text);
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The token. The scheme is optional, as in the real gateway.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    };
    (!token.is_empty()).then_some(token)
}

/// A claim in the format of an event: always a string; a list is in brackets.
pub(crate) fn flattened(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(flattened).collect();
            format!("[{}]", items.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_written_as_the_gateway_writes_them() {
        assert_eq!(flattened(&json!("a")), "a");
        assert_eq!(flattened(&json!(["a", "b c"])), "[a b c]");
        assert_eq!(flattened(&json!(1_612_061_676)), "1612061676");
        assert_eq!(flattened(&json!(true)), "true");
    }
}
