//! A file that somebody edits while the stack is up.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// What tells one state of a file from the next; `None` while it is not there.
type Stamp = Option<(SystemTime, u64)>;

/// A file, and the state in which it was last looked at.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    seen: Mutex<Stamp>,
}

impl Watched {
    pub(super) fn new(path: PathBuf) -> Self {
        let watched = Self { path, seen: Mutex::default() };
        watched.has_changed();
        watched
    }

    /// Whether it has changed since the last time of asking.
    pub(super) fn has_changed(&self) -> bool {
        let metadata = std::fs::metadata(&self.path).ok();
        let stamp = metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len())));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seen, stamp) != stamp
    }
}
