//! The answer of `POST /token`.

use std::fmt;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use serde::{Serialize, Serializer};

use crate::domain::{AccessToken, EmbedToken, Expiry, TokenText};
use crate::timestamp;

/// A page renews a token this long before its end, or at half of the remaining life if that is later.
const REFRESH_LEAD: Duration = Duration::from_mins(10);

/// A token that a page embeds with.
#[derive(Debug)]
pub(in crate::embedding) struct PageToken {
    pub(super) kind: TokenKind,
    pub(super) value: Exposed,
    pub(super) id: Option<String>,
    pub(super) expiry: Expiry,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum TokenKind {
    Embed,
    Aad,
}

impl TokenKind {
    /// Its name in the answer.
    fn name(self) -> &'static str {
        match self {
            Self::Embed => "Embed",
            Self::Aad => "Aad",
        }
    }

    /// `TokenType` of powerbi-models. If it were a text, every request of the iframe would get a 403.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Embed => 1,
            Self::Aad => 0,
        }
    }
}

impl PageToken {
    /// Power BI's embed token.
    pub(in crate::embedding) fn embed(token: EmbedToken) -> Self {
        Self { kind: TokenKind::Embed, value: Exposed(token.value), id: Some(token.id), expiry: token.expiry }
    }

    /// The user's own access token.
    pub(in crate::embedding) fn of_user(token: AccessToken) -> Self {
        Self { kind: TokenKind::Aad, value: Exposed(token.value), id: None, expiry: token.expiry }
    }
}

/// A token in an answer. Only its serialisation contains its text.
#[derive(Clone)]
pub(super) struct Exposed(TokenText);

impl Serialize for Exposed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl fmt::Debug for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}

/// The answer of `POST /token`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAnswer {
    token_type: &'static str,
    token: Exposed,
    #[serde(flatten)]
    life: Life,
}

/// Which token it is and when it ends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Life {
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
    expiration: String,
    refresh_after: String,
    lifetime_seconds: u64,
    refresh_after_seconds: u64,
}

impl Life {
    pub(super) fn of(id: Option<String>, expiry: Expiry, now: SystemTime) -> Self {
        let remaining = expiry.remaining(now);
        let lead = REFRESH_LEAD.min(remaining / 2);
        let refresh_after = expiry.at.checked_sub(lead).unwrap_or(expiry.at);
        Self {
            token_id: id,
            expiration: timestamp::format(expiry.at),
            refresh_after: timestamp::format(refresh_after),
            lifetime_seconds: remaining.as_secs(),
            refresh_after_seconds: remaining.saturating_sub(lead).as_secs(),
        }
    }
}

impl TokenAnswer {
    pub(in crate::embedding) fn new(token: PageToken, now: SystemTime) -> Self {
        let life = Life::of(token.id, token.expiry, now);
        Self { token_type: token.kind.name(), token: token.value, life }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refresh_lead(remaining_minutes: u64) -> Duration {
        let now = SystemTime::UNIX_EPOCH;
        let life = Duration::from_secs(remaining_minutes * 60);
        let answer = Life::of(None, Expiry { at: now + life, life }, now);
        let instant =
            |text: &str| time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
        (instant(&answer.expiration) - instant(&answer.refresh_after)).try_into().unwrap()
    }

    #[test]
    fn a_page_renews_ten_minutes_before_the_end_or_at_half_of_the_life() {
        for (remaining, lead) in [(60, 600), (20, 600), (19, 570), (2, 60), (0, 0)] {
            assert_eq!(refresh_lead(remaining), Duration::from_secs(lead), "{remaining} minutes left");
        }
    }
}
