//! The log lines of the thread of a test.

use std::sync::{Arc, Mutex};

use dynabind::telemetry::{self, Sink};
use serde_json::Value;
use test_support::clock::ManualClock;
use tracing::Level;
use tracing::subscriber::DefaultGuard;

/// Records log lines until it is dropped.
pub struct LogLines {
    lines: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl LogLines {
    /// Records every line of this thread from now on, at a level.
    #[must_use]
    pub fn at(level: Level) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&lines);
        let sink: Sink =
            Arc::new(move |line| written.lock().unwrap().push(line.strip_suffix('\n').unwrap().to_owned()));
        let subscriber = telemetry::subscriber(level, Arc::new(ManualClock::default()), sink);
        Self { lines, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The texts since the last call.
    #[must_use]
    pub fn take_texts(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    /// The lines since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Value> {
        self.take_texts().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The request lines since the last call.
    #[must_use]
    pub fn take_requests(&self) -> Vec<Value> {
        self.take().into_iter().filter(|line| line["message"] == "request").collect()
    }

    /// The line of the request with this gateway request id. It stays recorded.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[must_use]
    pub fn request(&self, request_id: &str) -> Value {
        let lines = self.lines.lock().unwrap();
        let of_it = lines.iter().filter(|line| line.contains(request_id));
        let parsed = of_it.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found: Vec<_> = parsed.filter(|line| line["message"] == "request").collect();
        assert_eq!(found.len(), 1, "one line for each request: {found:?}");
        found[0].clone()
    }
}
