//! A function's route.

use http::Method;
use lambda_http::Request;

use crate::gateway;

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
        gateway::path(request).is_some_and(|path| path.ends_with(self.path))
    }
}
