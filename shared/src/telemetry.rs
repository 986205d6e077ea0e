//! Logs: one JSON object per line, with the two fields by which Lambda filters.
//!
//! Lambda reads `level` and an RFC 3339 `timestamp` ("Log-level filtering" in
//! its developer guide). Only Dynabind's own events are written below the level
//! of a warning: at `TRACE`, libraries write headers and bodies, which contain
//! tokens.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, dispatcher};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use crate::clock::Clock;
use crate::timestamp;

/// Capacity for a request's line.
const TYPICAL_LENGTH: usize = 1536;

/// The longest text of one field, in bytes: claims and pointers can have any length, and `CloudWatch` Logs accepts at
/// most 256 KiB in one event.
const MAX_TEXT: usize = 4096;

/// Where lines go, each with its line feed.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// A subscriber that writes JSON lines.
pub fn subscriber(level: Level, clock: Arc<dyn Clock>, sink: Sink) -> impl Subscriber + Send + Sync {
    Registry::default().with(JsonLines { level, clock, sink })
}

/// Writes Dynabind's events to standard output from now on. The level is that of `AWS_LAMBDA_LOG_LEVEL`, otherwise that
/// of `RUST_LOG`, otherwise `INFO`.
pub fn init(vars: &dyn Fn(&str) -> Option<String>, clock: Arc<dyn Clock>) {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].into_iter().filter_map(vars).find_map(|text| level_of(&text));
    let sink: Sink = Arc::new(|line| {
        // Standard output writes a line that ends with its line feed in one system call; a separate line feed would be
        // a second one. A log that cannot be written cannot be reported either.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    });
    let subscriber = subscriber(level.unwrap_or(Level::INFO), clock, sink);
    // A second call in one process keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Reads a level by Lambda's names. Only Lambda has `FATAL`, which counts as `ERROR`.
fn level_of(text: &str) -> Option<Level> {
    if text.trim().eq_ignore_ascii_case("fatal") { Some(Level::ERROR) } else { text.trim().parse().ok() }
}

/// Writes a value as one line of the log: its members, and those that every line has.
///
/// A nested value is not an event of tracing, because the fields of such events are flat.
pub fn write(level: Level, content: &impl Serialize) {
    dispatcher::get_default(|dispatch| {
        if let Some(lines) = dispatch.downcast_ref::<JsonLines>().filter(|lines| level <= lines.level) {
            lines.write(level, content);
        }
    });
}

struct JsonLines {
    level: Level,
    clock: Arc<dyn Clock>,
    sink: Sink,
}

#[derive(Serialize)]
struct Line<'l, T> {
    timestamp: String,
    level: &'static str,
    #[serde(flatten)]
    content: &'l T,
}

impl JsonLines {
    fn write(&self, level: Level, content: &impl Serialize) {
        let line = Line { timestamp: timestamp::format_millis(self.clock.now()), level: level.as_str(), content };
        let mut text = Vec::with_capacity(TYPICAL_LENGTH);
        let written = serde_json::to_writer(&mut text, &line);
        text.push(b'\n');
        // Writing into memory cannot fail, and serialising a value of only texts and numbers cannot either.
        if let (Ok(()), Ok(text)) = (written, std::str::from_utf8(&text)) {
            (self.sink)(text);
        }
    }
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let is_ours = metadata.target().starts_with("dynabind");
        let allowed = if is_ours { self.level } else { self.level.min(Level::WARN) };
        metadata.is_event() && *metadata.level() <= allowed
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.write(*event.metadata().level(), &EventFields(event));
    }
}

/// A text in a line. A very long text is cut, and an empty text is left out of the line.
#[derive(Default)]
pub struct Text<'t>(Cow<'t, str>);

impl Text<'_> {
    /// Whether the text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'t, T: Into<Cow<'t, str>>> From<Option<T>> for Text<'t> {
    fn from(text: Option<T>) -> Self {
        Self(text.map(Into::into).unwrap_or_default())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.len() <= MAX_TEXT {
            return serializer.serialize_str(&self.0);
        }
        serializer.collect_str(&format_args!("{}…", &self.0[..self.0.floor_char_boundary(MAX_TEXT)]))
    }
}

/// The fields of an event. They are written one after the other, without a tree of all of them.
struct EventFields<'e>(&'e Event<'e>);

impl Serialize for EventFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = FieldWriter { map: serializer.serialize_map(None)?, result: Ok(()) };
        self.0.record(&mut fields);
        fields.result?;
        fields.map.end()
    }
}

struct FieldWriter<M: SerializeMap> {
    map: M,
    result: Result<(), M::Error>,
}

impl<M: SerializeMap> FieldWriter<M> {
    fn set(&mut self, field: &Field, value: &impl Serialize) {
        if self.result.is_ok() {
            self.result = self.map.serialize_entry(field.name(), value);
        }
    }
}

impl<M: SerializeMap> Visit for FieldWriter<M> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if !value.is_empty() {
            self.set(field, &Text::from(Some(value)));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, &Text::from(Some(format!("{value:?}"))));
    }
}
