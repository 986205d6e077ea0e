//! One habit of locking for the whole crate.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks even when another thread panicked: every critical section here leaves
/// its value whole, and a failed test must not make its neighbours fail.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
