//! The two kinds of token, which are never mixed up.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};

/// When a token ends, and its life when it was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expiry {
    /// The instant from which it is refused.
    pub at: SystemTime,
    /// Its life when it was made.
    pub life: Duration,
}

impl Expiry {
    /// The life that is left; zero once it has ended.
    #[must_use]
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.at.duration_since(now).unwrap_or_default()
    }
}

/// A token's text. It is shared and not copied, because every copy would have to be wiped.
#[derive(Clone)]
pub struct TokenText(Arc<SecretString>);

impl From<String> for TokenText {
    fn from(text: String) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl ExposeSecret<str> for TokenText {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Entra's token, with which we call Power BI.
///
/// In the customers scenario it never leaves the function.
#[derive(Clone)]
pub struct AccessToken {
    /// The bearer token.
    pub value: TokenText,
    /// When it ends.
    pub expiry: Expiry,
}

impl AccessToken {
    /// Whether both are the same token.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.value.expose_secret() == other.value.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// Power BI's token, which the page gets.
#[derive(Clone)]
pub struct EmbedToken {
    /// The `accessToken` for `powerbi-client`.
    pub value: TokenText,
    /// Power BI's id of the token, as in its audit log.
    pub id: String,
    /// When it ends.
    pub expiry: Expiry,
}

impl fmt::Debug for EmbedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbedToken").field("id", &self.id).field("expiry", &self.expiry).finish_non_exhaustive()
    }
}
