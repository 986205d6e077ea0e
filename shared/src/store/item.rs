//! How values are written, and how they are checked when they are read.

use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::subject::Subject;
use crate::domain::{EmbedToken, Expiry};
use crate::ports::SharedItem;
use crate::upstream::as_code;

/// The longest value that is stored. An item has room for 400 KB, and a list of this size is cheaper to look up again.
const MAX_VALUE: usize = 300 * 1024;

/// By how much the clocks of two environments may differ.
const SKEW: Duration = Duration::from_secs(2);

/// A token with a longer life is not plausible: an embed token ends with the access token that made it, which lives for
/// about an hour, and `lifetimeMinutes` is at most a day.
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

/// The token of an item that belongs to the subject and is well-formed. The token may have expired.
pub(super) fn token(item: &SharedItem, subject: &Subject, now: SystemTime) -> Option<EmbedToken> {
    let text = item.value.as_ref().filter(|_| belongs(item, subject))?;
    let value: TokenValue<'_> = serde_json::from_str(text).ok()?;
    let (issued, at) = (instant(value.issued_ms)?, instant(value.expires_ms)?);
    let life = at.duration_since(issued).ok()?;
    let is_token = !value.token.is_empty() && value.token.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_token || issued > now + SKEW || life > LONGEST_LIFE {
        return None;
    }
    let id = as_code(&value.token_id)?;
    Some(EmbedToken { value: value.token.into_owned().into(), id, expiry: Expiry { at, life } })
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LookUpValue<T> {
    read_ms: u64,
    ttl_ms: u64,
    value: T,
}

/// What another environment has looked up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredLookUp<T> {
    /// The value.
    pub value: T,
    /// When it was read.
    pub read_at: SystemTime,
    /// For how long the environment that read it uses it.
    pub ttl: Duration,
}

/// The value of an item that belongs to the subject and is well-formed.
pub(super) fn look_up<T: DeserializeOwned>(
    item: &SharedItem,
    subject: &Subject,
    now: SystemTime,
) -> Option<StoredLookUp<T>> {
    let text = item.value.as_ref().filter(|_| belongs(item, subject))?;
    let LookUpValue { read_ms, ttl_ms, value } = serde_json::from_str(text).ok()?;
    let read_at = instant(read_ms).filter(|read_at| *read_at <= now + SKEW)?;
    Some(StoredLookUp { value, read_at: read_at.min(now), ttl: Duration::from_millis(ttl_ms) })
}

/// The item that shares a value; `None` for one that is too long.
pub(super) fn of_look_up<T: Serialize>(
    subject: &Subject,
    value: &T,
    read_at: SystemTime,
    ttl: Duration,
) -> Option<SharedItem> {
    let ttl_ms = u64::try_from(ttl.as_millis()).ok()?;
    let text = serde_json::to_string(&LookUpValue { read_ms: millis(read_at), ttl_ms, value }).ok()?;
    let end = read_at.checked_add(ttl)?;
    (text.len() <= MAX_VALUE).then(|| item(subject, Some(Zeroizing::new(text)), end))
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

/// Whether an item belongs to the subject from which its key was made.
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
