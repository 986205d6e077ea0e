//! The payload of the token that the gateway has verified.
//!
//! An authorizer writes a list as one text, in which the elements cannot be separated. The token still has the list
//! itself. Its signature is not checked again, because the gateway has checked it, and the payload has to agree with
//! the claims that the gateway has read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value};

/// API Gateway accepts at most 10,240 bytes of headers.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The payload of the bearer token in the `Authorization` header of these headers, if it agrees with the
/// claims that the authorizer has written.
pub(super) fn of_headers(headers: &HeaderMap, claims: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let payload = decoded(value.to_str().ok()?)?;
    claims
        .iter()
        .all(|(name, value)| payload.get(name).is_some_and(|original| agree(original, value)))
        .then_some(payload)
}

fn decoded(authorization: &str) -> Option<Map<String, Value>> {
    // API Gateway accepts a token with and without the scheme.
    let token = match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => authorization,
    };
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Whether `value` may be the text that an authorizer has written for the token's `original`.
///
/// It is not documented how an authorizer writes objects, `null` and mixed lists, and Cognito's authorizer writes times
/// as dates. These values are therefore not compared. Of a list, each text has to be present, in order. So a token from
/// elsewhere cannot add a group that the verified token does not have.
fn agree(original: &Value, value: &Value) -> bool {
    match (original, value) {
        (Value::String(original), Value::String(text)) => original == text,
        (Value::Bool(original), Value::String(text)) => original.to_string() == *text,
        (Value::Number(original), Value::String(text)) => {
            text.parse::<f64>().map_or(true, |number| original.as_f64() == Some(number))
        }
        (Value::Array(items), Value::String(text)) => holds_in_order(text, items),
        (Value::Object(_) | Value::Null, Value::String(_)) => true,
        (original, value) => original == value,
    }
}

fn holds_in_order(text: &str, items: &[Value]) -> bool {
    let mut rest = text;
    items.iter().filter_map(Value::as_str).all(|item| match after_whole(rest, item) {
        Some(after) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// The text after the first occurrence of `item` in `text` that is not part of a longer word.
fn after_whole<'t>(text: &'t str, item: &str) -> Option<&'t str> {
    let is_edge = |character: char| character.is_whitespace() || "[],".contains(character);
    text.match_indices(item).find_map(|(start, found)| {
        let (before, after) = (&text[..start], &text[start + found.len()..]);
        let is_whole = before.chars().next_back().is_none_or(is_edge) && after.chars().next().is_none_or(is_edge);
        is_whole.then_some(after)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn headers(payload: &Value) -> HeaderMap {
        with_authorization(&format!("Bearer h.{}.s", URL_SAFE_NO_PAD.encode(payload.to_string())))
    }

    fn with_authorization(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    fn claims(claims: Value) -> Map<String, Value> {
        serde_json::from_value(claims).unwrap()
    }

    #[test]
    fn a_token_with_the_same_claims_is_the_one_that_was_verified() {
        let payload = json!({ "sub": "u", "exp": 7, "admin": true, "groups": ["a b", null] });
        let verified = claims(json!({ "sub": "u", "exp": "7", "admin": "true", "groups": "[a b <nil>]" }));
        assert_eq!(of_headers(&headers(&payload), &verified).unwrap()["groups"], json!(["a b", null]));
    }

    #[test]
    fn a_token_with_other_claims_is_another_token() {
        let payload = json!({ "sub": "u", "exp": 7, "groups": ["a b"] });
        for other in [
            json!({ "sub": "v", "exp": "7", "groups": "[a b]" }),
            json!({ "sub": "u", "exp": "8", "groups": "[a b]" }),
            json!({ "sub": "u", "exp": "7", "groups": "[a b]", "tenant": "t" }),
            json!({ "sub": "u", "exp": "7", "groups": "[c d]" }),
            json!({ "sub": "u", "exp": "7", "groups": "[xa b]" }),
            json!({ "sub": "u", "exp": "7", "groups": ["a", "b"] }),
        ] {
            assert_eq!(of_headers(&headers(&payload), &claims(other.clone())), None, "{other}");
        }
    }

    #[test]
    fn two_authorization_headers_have_no_payload() {
        let mut headers = headers(&json!({ "sub": "u" }));
        assert!(of_headers(&headers, &Map::new()).is_some());
        headers.append(AUTHORIZATION, HeaderValue::from_static(""));
        assert_eq!(of_headers(&headers, &Map::new()), None);
    }

    #[test]
    fn a_header_without_a_token_has_no_payload() {
        for value in ["", "Bearer", "Bearer a.b", "Bearer a.b.c.d", "Basic a.e30.c", "Bearer a.!.c", "Bearer a.W10.c"] {
            assert_eq!(of_headers(&with_authorization(value), &Map::new()), None, "{value}");
        }
    }
}
