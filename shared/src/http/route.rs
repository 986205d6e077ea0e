//! A function's route.

use http::Method;

use super::request::Request;

/// A route of a function.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, for the log.
    pub path: &'static str,
}

impl Route {
    /// Whether a request is for this path, below any stage or prefix of the gateway.
    #[must_use]
    pub fn is_path_of(&self, request: &Request) -> bool {
        request.event.path.ends_with(self.path)
    }
}
