//! Instants as text.

use std::time::SystemTime;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// RFC 3339 in UTC, whole seconds: `2026-11-24T04:00:00Z`.
#[must_use]
pub fn format(at: SystemTime) -> String {
    rfc3339(OffsetDateTime::from(at).replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

/// RFC 3339 in UTC with milliseconds, as Lambda's log filter expects it.
#[must_use]
pub fn format_millis(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    let milliseconds = u32::from(at.millisecond()) * 1_000_000;
    rfc3339(at.replace_nanosecond(milliseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

fn rfc3339(at: OffsetDateTime) -> String {
    // Only years outside 0 to 9999 cannot be written.
    at.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}
