//! Locking of mutexes.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks even if another thread has panicked. Every critical section leaves its value consistent, and a failed test must
/// not make other tests fail.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
