//! The log lines of one check.

use std::cell::RefCell;
use std::sync::{Arc, Once};

use dynabind::telemetry::{self, Sink};
use serde_json::Value;
use test_support::clock::ManualClock;
use tracing::Level;

use crate::fixtures::{ACCESS_TOKEN, EMBED_TOKEN};

/// A limit for a line. `CloudWatch` Logs accepts 256 KiB in one event, and the fields of a line have lower limits.
const LONGEST_LINE: usize = 128 * 1024;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static LISTENING: Once = Once::new();

fn without_line_feed(line: &str) -> String {
    line.strip_suffix('\n').expect("a line ends with a line feed").to_owned()
}

/// Removes the lines of this thread so far.
pub(crate) fn begin() {
    LISTENING.call_once(|| {
        let sink: Sink = Arc::new(|line| LINES.with_borrow_mut(|lines| lines.push(without_line_feed(line))));
        let subscriber = telemetry::subscriber(Level::TRACE, Arc::new(ManualClock::default()), sink);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    });
    LINES.with_borrow_mut(Vec::clear);
}

/// The lines since [`begin`]. Each must be one JSON object in one line, without any of `secrets`.
pub(crate) fn end(secrets: &[&str]) -> Vec<Value> {
    let lines = LINES.with_borrow_mut(std::mem::take);
    lines.iter().map(|line| checked(line, secrets)).collect()
}

fn checked(line: &str, secrets: &[&str]) -> Value {
    assert!(!line.contains(['\n', '\r']), "a line is broken: {line}");
    assert!(line.len() <= LONGEST_LINE, "a line of {} bytes", line.len());
    for secret in secrets.iter().chain(&[ACCESS_TOKEN, EMBED_TOKEN]) {
        assert!(!line.contains(secret), "a secret in {line}");
    }
    let value: Value = serde_json::from_str(line).expect("a line is JSON");
    let level = value["level"].as_str().expect("a line has its level");
    assert!(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level), "{line}");
    assert_eq!(value["timestamp"], "2026-11-24T03:00:00Z", "{line}");
    value
}
