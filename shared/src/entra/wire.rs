//! Bodies as Entra sends them (Microsoft identity platform, "client credentials flow").

use serde::Deserialize;

use crate::upstream::lenient::{self, Entries};

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

/// A refusal, of which any field may be absent or of another type.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    #[serde(deserialize_with = "lenient::field")]
    pub(super) error: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub(super) suberror: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    error_codes: Option<Entries<u64>>,
    /// Only the error number in it is read, because the text may repeat what was sent.
    #[serde(deserialize_with = "lenient::field")]
    error_description: Option<String>,
    #[serde(deserialize_with = "lenient::field")]
    pub(super) trace_id: Option<String>,
    /// The claims challenge that the user's next sign-in has to answer, as a JSON text.
    #[serde(deserialize_with = "lenient::field")]
    pub(super) claims: Option<String>,
}

impl ErrorBody {
    /// The number of the `AADSTS` code. The description begins with the same code.
    pub(super) fn number(&self) -> Option<u64> {
        let listed = self.error_codes.as_ref().and_then(|numbers| numbers.good.first().copied());
        listed.or_else(|| {
            let (number, _) = self.error_description.as_deref()?.strip_prefix("AADSTS")?.split_once(':')?;
            number.parse().ok()
        })
    }
}
