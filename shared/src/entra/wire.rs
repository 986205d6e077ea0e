//! Bodies as Entra sends them (Microsoft identity platform, "client credentials flow").

use serde::Deserialize;

/// A granted token.
#[derive(Deserialize)]
pub(super) struct TokenBody {
    pub(super) access_token: String,
    pub(super) expires_in: Seconds,
}

/// `expires_in` is a number; some token services write it as text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    pub(super) fn get(&self) -> Option<u64> {
        match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// A refusal. Only `error` decides; the numbers are for diagnosis.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    pub(super) error: String,
    pub(super) error_codes: Vec<u64>,
    pub(super) trace_id: Option<String>,
    /// The claims challenge, a JSON text, which the user's next sign-in has to answer.
    pub(super) claims: Option<String>,
}
