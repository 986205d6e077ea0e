//! A file that may change while the stack runs.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The properties that differ between two versions of a file; `None` while it does not exist.
type Stamp = Option<(SystemTime, u64)>;

/// A file, and its version at the last check.
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

    /// Whether it has changed since the last check.
    pub(super) fn has_changed(&self) -> bool {
        let metadata = std::fs::metadata(&self.path).ok();
        let stamp = metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len())));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seen, stamp) != stamp
    }
}
