//! Instants as text.

use std::time::SystemTime;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// 9999-12-31T23:59:59Z
const LAST: OffsetDateTime = time::PrimitiveDateTime::MAX.assume_utc();

/// RFC 3339 in UTC, whole seconds: `2026-11-24T04:00:00Z`.
#[must_use]
pub fn format(at: SystemTime) -> String {
    rfc3339(utc(at).replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

/// RFC 3339 in UTC with milliseconds, as Lambda's log filter expects it.
#[must_use]
pub fn format_millis(at: SystemTime) -> String {
    let at = utc(at);
    let milliseconds = u32::from(at.millisecond()) * 1_000_000;
    rfc3339(at.replace_nanosecond(milliseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

/// The instant, or another one if RFC 3339 cannot write it: the end of 9999 for a later instant, and 1970 for an
/// instant before the year 0. The library's own conversion panics outside of these years.
fn utc(at: SystemTime) -> OffsetDateTime {
    let distance = |duration| Duration::try_from(duration).unwrap_or(Duration::MAX);
    let year = |at: &OffsetDateTime| (0..=9999).contains(&at.year());
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => OffsetDateTime::UNIX_EPOCH.checked_add(distance(after)).filter(year).unwrap_or(LAST),
        Err(before) => {
            let before = distance(before.duration());
            OffsetDateTime::UNIX_EPOCH.checked_sub(before).filter(year).unwrap_or(OffsetDateTime::UNIX_EPOCH)
        }
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    // Every year of `utc` can be written.
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_beyond_the_calendar_are_written_as_its_end() {
        let after = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        for (at, expected) in [
            (after(0), "1970-01-01T00:00:00Z"),
            (after(253_402_300_799), "9999-12-31T23:59:59Z"),
            (after(253_402_300_800), "9999-12-31T23:59:59Z"),
            (after(u64::try_from(i64::MAX).unwrap()), "9999-12-31T23:59:59Z"),
            (SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1), "1969-12-31T23:59:59Z"),
            (SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(99_999_999_999), "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(format(at), expected);
        }
    }
}
