//! A function's route.

use http::Method;

/// A function's one route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, for the log.
    pub path: &'static str,
}
