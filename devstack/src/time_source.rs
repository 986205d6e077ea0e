//! The time of the stand-ins.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The clock of every part of the stack, which a test can move.
#[derive(Clone)]
pub(crate) struct TimeSource(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl TimeSource {
    /// A source whose time is the result of `now`.
    #[must_use]
    pub(crate) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// The time now, in whole seconds since 1970.
    #[must_use]
    pub(crate) fn unix(&self) -> u64 {
        unix_seconds(self.now())
    }
}

impl fmt::Debug for TimeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeSource").finish_non_exhaustive()
    }
}

/// A point in time as whole seconds since 1970; zero for anything earlier.
pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    since_1970(time).as_secs()
}

/// A point in time as milliseconds since 1970; zero for anything earlier.
pub(crate) fn unix_millis(time: SystemTime) -> u64 {
    u64::try_from(since_1970(time).as_millis()).unwrap_or(u64::MAX)
}

/// A point in time in whole seconds, as `2026-11-24T04:00:00Z`.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    whole_seconds(time).format(&Rfc3339).unwrap_or_default()
}

/// A point in time in UTC, without its fraction of a second.
pub(crate) fn whole_seconds(time: SystemTime) -> OffsetDateTime {
    let seconds = i64::try_from(unix_seconds(time)).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_services_write_them() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_492_800_250);
        assert_eq!(rfc3339(time), "2026-11-24T04:00:00Z");
        assert_eq!(unix_millis(time), 1_795_492_800_250);
    }
}
