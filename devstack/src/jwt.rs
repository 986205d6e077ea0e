//! Parsing and signing of JSON Web Tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::keys::SigningKey;

/// A token with an unverified signature.
#[derive(Debug)]
pub(crate) struct UnverifiedJwt<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> UnverifiedJwt<'a> {
    /// Parses a compact token; `None` if it is not one.
    pub(crate) fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signed: signed.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// A header parameter that is a string.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A claim that is a string. The signature is not verified yet.
    pub(crate) fn unverified_claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// The claims, if `verify` accepts the signature of the signed part.
    pub(crate) fn verified(self, verify: impl FnOnce(&[u8], &[u8]) -> bool) -> Option<Map<String, Value>> {
        verify(self.signed, &self.signature).then_some(self.claims)
    }
}

/// Signs claims with RS256.
pub(crate) fn sign(key: &SigningKey, kid: &str, claims: &Value) -> String {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A token in the format of Entra's. Its contents are meaningless.
pub(crate) fn opaque(claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "stand-in"});
    let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(256).collect();
    format!("{}.{}.{}", encode(&header), encode(claims), URL_SAFE_NO_PAD.encode(noise))
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_verifies_and_a_changed_one_does_not() {
        let key = SigningKey::of_issuer().unwrap();
        let token = sign(&key, "k", &json!({"sub": "a"}));
        let public = key.public();
        let jwt = UnverifiedJwt::parse(&token).unwrap();
        assert_eq!(jwt.header("kid"), Some("k"));
        let claims = jwt.verified(|m, s| public.verifies_rs256(m, s)).unwrap();
        assert_eq!(claims["sub"], "a");

        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let forged = format!("{header}.{}.{signature}", encode(&json!({"sub": "b"})));
        let jwt = UnverifiedJwt::parse(&forged).unwrap();
        assert!(jwt.verified(|m, s| public.verifies_rs256(m, s)).is_none());
    }

    #[test]
    fn a_malformed_token_is_refused() {
        for text in ["", "a", "a.b", "a.b.c", "..", "e30.e30", "e30.W10.AA"] {
            assert!(UnverifiedJwt::parse(text).is_none(), "{text}");
        }
    }
}
