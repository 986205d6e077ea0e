//! How values are written, and what of them is believed when they are read.

use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::Subject;
use crate::ports::SharedItem;
use crate::token::{EmbedToken, Expiry};
use crate::upstream::as_code;

/// The longest value: an item has room for 400 KB, and a list of that size is cheaper to ask for again.
const MAX_VALUE: usize = 300 * 1024;

/// By how much the clocks of two environments may differ.
const SKEW: Duration = Duration::from_secs(2);

/// No token lives longer (`lifetimeInMinutes`).
const LONGEST_LIFE: Duration = Duration::from_hours(24);

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TokenValue<'v> {
    token: std::borrow::Cow<'v, str>,
    token_id: std::borrow::Cow<'v, str>,
    issued_ms: u64,
    expires_ms: u64,
}

/// The item that shares a token.
pub(super) fn of_token(subject: &Subject, token: &EmbedToken) -> SharedItem {
    let EmbedToken { value, id, expiry } = token;
    let value = TokenValue {
        token: value.expose_secret().into(),
        token_id: id.as_str().into(),
        issued_ms: millis(expiry.at.checked_sub(expiry.life).unwrap_or(SystemTime::UNIX_EPOCH)),
        expires_ms: millis(expiry.at),
    };
    let value = serde_json::to_string(&value).map(Zeroizing::new).ok();
    item(subject, value, expiry.at)
}

/// The token of an item that is of this subject and well-formed; its life may be over.
pub(super) fn token(item: &SharedItem, subject: &Subject, now: SystemTime) -> Option<EmbedToken> {
    let text = item.value.as_ref().filter(|_| belongs(item, subject))?;
    let value: TokenValue<'_> = serde_json::from_str(text).ok()?;
    let (issued, at) = (instant(value.issued_ms)?, instant(value.expires_ms)?);
    let life = at.duration_since(issued).ok()?;
    let is_token = !value.token.is_empty() && value.token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token || life > LONGEST_LIFE || issued > now + SKEW {
        return None;
    }
    let id = as_code(&value.token_id)?;
    Some(EmbedToken { value: value.token.into_owned().into(), id, expiry: Expiry { at, life } })
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookUpValue<T> {
    read_ms: u64,
    value: T,
}

impl<T: DeserializeOwned> LookUpValue<T> {
    /// The value of an item that is of this subject and well-formed, and when it was read.
    pub(super) fn read(item: &SharedItem, subject: &Subject, now: SystemTime) -> Option<(T, SystemTime)> {
        let text = item.value.as_ref().filter(|_| belongs(item, subject))?;
        let LookUpValue { read_ms, value } = serde_json::from_str(text).ok()?;
        let read_at = instant(read_ms).filter(|read_at| *read_at <= now + SKEW)?;
        Some((value, read_at.min(now)))
    }
}

impl LookUpValue<IgnoredAny> {
    /// The item that shares a value; `None` for one that is too long.
    pub(super) fn item<T: Serialize>(
        subject: &Subject,
        value: &T,
        read_at: SystemTime,
        ttl: Duration,
    ) -> Option<SharedItem> {
        let text = serde_json::to_string(&LookUpValue { read_ms: millis(read_at), value }).ok()?;
        let end = read_at.checked_add(ttl)?;
        (text.len() <= MAX_VALUE).then(|| item(subject, Some(Zeroizing::new(text)), end))
    }
}

/// An item of a new version that the table may delete after `end`.
pub(super) fn item(subject: &Subject, value: Option<Zeroizing<String>>, end: SystemTime) -> SharedItem {
    SharedItem {
        subject: subject.text().to_owned(),
        value,
        version: format!("{:016x}", fastrand::u64(..)),
        claimed_until: None,
        expires_at: millis(end).div_ceil(1000),
    }
}

/// Whether an item is what its key was made for.
pub(super) fn belongs(item: &SharedItem, subject: &Subject) -> bool {
    item.subject == subject.text()
}

pub(super) fn millis(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn instant(millis: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}
