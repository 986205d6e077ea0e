//! Logs: one JSON object a line, with the two fields that Lambda filters by.
//!
//! Lambda reads `level` and an RFC 3339 `timestamp` ("Log-level filtering" in
//! its developer guide). Only Dynabind's own events are written below the level
//! of a warning: at `TRACE`, libraries write headers and bodies, and those hold
//! tokens.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use crate::clock::Clock;
use crate::timestamp;

/// A request's line, with room to spare.
const TYPICAL_LENGTH: usize = 1536;

/// The field of our own events whose text is JSON already, `"a":1,"b":[2]`, and
/// is taken as it is: events have flat fields, and metrics are none.
const MEMBERS: &str = "members";

/// The longest text of one field, in bytes: claims and pointers are as long as their authors like,
/// and `CloudWatch` Logs takes 256 KiB in one event.
const MAX_TEXT: usize = 4096;

/// Where lines go.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// A subscriber that writes JSON lines.
pub fn subscriber(level: Level, clock: Arc<dyn Clock>, sink: Sink) -> impl Subscriber + Send + Sync {
    Registry::default().with(JsonLines { level, clock, sink })
}

/// Writes Dynabind's events to standard output from now on, at the level of
/// `AWS_LAMBDA_LOG_LEVEL`, else of `RUST_LOG`, else `INFO`.
pub fn init(vars: &dyn Fn(&str) -> Option<String>, clock: Arc<dyn Clock>) {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].into_iter().filter_map(vars).find_map(|text| level_of(&text));
    let sink: Sink = Arc::new(|line| {
        // A log that cannot be written has nowhere to be reported.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    });
    let subscriber = subscriber(level.unwrap_or(Level::INFO), clock, sink);
    // A second call in one process keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Lambda's names; `FATAL` is its own.
fn level_of(text: &str) -> Option<Level> {
    if text.trim().eq_ignore_ascii_case("fatal") { Some(Level::ERROR) } else { text.trim().parse().ok() }
}

struct JsonLines {
    level: Level,
    clock: Arc<dyn Clock>,
    sink: Sink,
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let allowed = if is_ours(metadata) { self.level } else { self.level.min(Level::WARN) };
        metadata.is_event() && *metadata.level() <= allowed
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let is_ours = is_ours(event.metadata());
        let mut line = JsonLine { text: Vec::with_capacity(TYPICAL_LENGTH), is_ours };
        line.set("timestamp", &timestamp::format_millis(self.clock.now()));
        line.set("level", event.metadata().level().as_str());
        event.record(&mut line);
        line.text.push(b'}');
        if let Ok(line) = std::str::from_utf8(&line.text) {
            (self.sink)(line);
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("dynabind")
}

/// A line on its way: each field is written as it comes, without a tree of all in between.
struct JsonLine {
    text: Vec<u8>,
    is_ours: bool,
}

impl JsonLine {
    fn set(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.separate();
        // Neither texts and numbers nor writing into memory can fail.
        let _ = serde_json::to_writer(&mut self.text, name);
        self.text.push(b':');
        let _ = serde_json::to_writer(&mut self.text, value);
    }

    fn separate(&mut self) {
        self.text.push(if self.text.is_empty() { b'{' } else { b',' });
    }

    /// Sets a text, of a very long one its beginning.
    fn set_text(&mut self, name: &str, text: &str) {
        if text.len() > MAX_TEXT {
            let end = text.floor_char_boundary(MAX_TEXT);
            self.set(name, &format_args!("{}…", &text[..end]));
        } else {
            self.set(name, text);
        }
    }
}

impl Visit for JsonLine {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if value.is_empty() {
            return;
        }
        if self.is_ours && field.name() == MEMBERS {
            self.separate();
            self.text.extend_from_slice(value.as_bytes());
        } else {
            self.set_text(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set_text(field.name(), &format!("{value:?}"));
    }
}
