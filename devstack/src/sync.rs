//! Locking of mutexes.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks even if another thread has panicked: every critical section leaves its value consistent, and a failed test must
/// not fail others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
