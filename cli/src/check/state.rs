//! The saved results of an interrupted run.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Outcomes by their unit, one JSON line each. The first line identifies the run: upstream, credential and catalog.
#[derive(Debug, Default)]
pub(crate) struct State {
    path: Option<PathBuf>,
    known: HashMap<String, Value>,
    file: Option<Mutex<File>>,
}

impl State {
    /// Reads the file if it belongs to the same run. Otherwise starts a new file.
    ///
    /// # Errors
    /// The error says why the file cannot be used.
    pub(crate) fn open(path: Option<&Path>, run: &str) -> Result<Self, String> {
        let Some(path) = path else { return Ok(Self::default()) };
        let shown = |error: io::Error| format!("{}: {error}", path.display());
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(shown(error)),
        };
        // A run that was killed may have left an incomplete line.
        let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let is_same = lines.next().is_some_and(|first| first["run"] == run);
        let known: HashMap<_, _> = if is_same { lines.filter_map(unit_of).collect() } else { HashMap::new() };
        let mut file =
            OpenOptions::new().create(true).append(is_same).write(true).truncate(!is_same).open(path).map_err(shown)?;
        let start = if is_same { "\n".to_owned() } else { format!("{}\n", json!({ "run": run })) };
        file.write_all(start.as_bytes()).map_err(shown)?;
        Ok(Self { path: Some(path.to_owned()), known, file: Some(Mutex::new(file)) })
    }

    /// The saved outcome of a unit.
    pub(crate) fn get<T: DeserializeOwned>(&self, unit: &str) -> Option<T> {
        serde_json::from_value(self.known.get(unit)?.clone()).ok()
    }

    /// Saves the outcome of a unit. Write errors are ignored: without the file, a run only cannot be continued.
    pub(crate) fn put(&self, unit: &str, outcome: &impl Serialize) {
        if let Some(file) = &self.file {
            let line = format!("{}\n", json!({ "unit": unit, "outcome": outcome }));
            let _ = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
    }

    /// Deletes the file at the end of the run, so that the next run checks everything again.
    pub(crate) fn end(self) {
        if let Some(path) = self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// A digest that identifies a text.
pub(crate) fn sha256(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let hex = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
    digest.as_ref().iter().flat_map(hex).collect()
}

fn unit_of(mut line: Value) -> Option<(String, Value)> {
    Some((line["unit"].as_str()?.to_owned(), line["outcome"].take()))
}
