//! The user's own bearer token, for exchanges with Entra on behalf of the user.

use std::fmt;
use std::sync::{Arc, OnceLock};

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

/// API Gateway accepts at most 10,240 bytes of headers, so no token from API Gateway is longer.
const MAX_ASSERTION_BYTES: usize = 16 * 1024;

/// The caller's own bearer token.
#[derive(Clone)]
pub struct UserAssertion(Arc<Bearer>);

struct Bearer {
    text: SecretString,
    /// Computed when it is needed: most deployments never call Entra for a user.
    user: OnceLock<UserKey>,
}

/// The user, as a cache key: the SHA-256 of the token, so that no key contains a token.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct UserKey([u8; 32]);

impl UserKey {
    fn of(token: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

impl UserAssertion {
    /// Reads the token out of an `Authorization` header's value.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim();
        let is_token =
            (1..=MAX_ASSERTION_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !scheme.eq_ignore_ascii_case("bearer") || !is_token {
            return None;
        }
        Some(Self(Arc::new(Bearer { text: SecretString::from(token), user: OnceLock::new() })))
    }

    /// The token's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.text.expose_secret()
    }

    /// The cache key of the user.
    #[must_use]
    pub fn user(&self) -> UserKey {
        *self.0.user.get_or_init(|| UserKey::of(self.expose()))
    }
}

impl fmt::Debug for UserAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserAssertion")
    }
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_users_apart_and_holds_no_token() {
        let user = |header: &str| UserAssertion::from_header(header).unwrap().user();
        assert!(user("Bearer a.b.c") == user("bearer  a.b.c"));
        assert!(user("Bearer a.b.c") != user("Bearer a.b.d"));
        assert!(!user("Bearer a.b.c").0.windows(5).any(|bytes| bytes == b"a.b.c"));
    }

    #[test]
    fn a_header_without_a_bearer_token_gives_none() {
        let long = format!("Bearer {}", "x".repeat(MAX_ASSERTION_BYTES + 1));
        for header in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer é", &long] {
            assert!(UserAssertion::from_header(header).is_none(), "{header}");
        }
    }
}
