//! Claims challenges: what the user's next sign-in has to prove.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Real challenges have about 200 bytes. Base64 turns 4 KiB into 5.5 KiB, and a
/// gateway limits all headers together to 10,240 bytes.
const MAX_BYTES: usize = 4096;

/// A claims challenge: the JSON text of an object whose members are objects
/// (`OpenID` Connect Core 1.0 section 5.5).
///
/// It is the only upstream text that reaches a page, so [`ClaimsChallenge::parse`]
/// refuses everything else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimsChallenge(String);

impl ClaimsChallenge {
    /// Reads a challenge; `None` for any text that is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let members: HashMap<String, Map<String, Value>> = serde_json::from_str(text).ok()?;
        (!members.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The JSON text, as the upstream wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_of_objects_is_a_challenge() {
        let with_text = |length: usize| format!(r#"{{"access_token":{{"a":"{}"}}}}"#, "x".repeat(length));
        for (text, is_challenge) in [
            (r#"{"access_token":{"capolids":{"essential":true,"values":["1"]}}}"#, true),
            (r#" { "id_token": { "auth_time": null } } "#, true),
            (&with_text(MAX_BYTES - 28), true),
            (&with_text(4096), false),
            ("", false),
            ("{}", false),
            ("null", false),
            ("[]", false),
            (r#""text""#, false),
            (r#"{"access_token":"text"}"#, false),
            (r#"{"access_token":{}"#, false),
            (r#"{"access_token":{}} more"#, false),
            (&"[".repeat(4000), false),
        ] {
            assert_eq!(ClaimsChallenge::parse(text).is_some(), is_challenge, "{text}");
        }
    }
}
