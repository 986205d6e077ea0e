//! Values that several targets and tests have in common.

use std::time::{Duration, SystemTime};

use dynabind::clock::Clock;
use dynabind::settings::Settings;

/// The start of every access token: no answer and no log line may hold it. It is in no corpus, and chance does not find it.
pub const ACCESS_TOKEN: &str = "aTk8Q~the-access-token-of-the-service-principal";

/// The start of every embed token: no log line may hold it.
pub const EMBED_TOKEN: &str = "eTk8Q~the-embed-token-of-the-page";

/// A clock that stands still at 2026-11-24T03:00:00Z.
#[derive(Debug)]
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(498_747)
    }
}

/// The least variables that there are, and `more`.
pub fn variables<'v>(more: &'v [(&'v str, &'v str)]) -> impl Fn(&str) -> Option<String> + 'v {
    let needed = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DYNABIND_SECRET_ID"];
    move |name| {
        let given = more.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| needed.contains(&name).then(|| "x".to_owned()))
    }
}

/// The settings of these variables.
#[must_use]
pub fn settings(more: &[(&str, &str)]) -> Settings {
    Settings::from_vars(&variables(more)).unwrap()
}
