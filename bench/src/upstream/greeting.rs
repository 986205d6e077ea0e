//! How a host treats a connection that is opened early.

use std::time::Duration;

use http::StatusCode;

/// What a host does with a connection that a client opens before it has a request.
///
/// Nobody documents it for Entra and Power BI, so a cold start must not depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub enum Greeting {
    /// It answers `HEAD /` like anything else.
    #[default]
    Answers,
    /// It answers `HEAD /` that much later.
    AnswersAfter(Duration),
    /// It answers `HEAD /` with this status, and a `Location` for a redirect.
    Refuses(StatusCode),
    /// It closes the connection on `HEAD /`.
    Closes,
    /// It closes a connection that has carried no request for that long after its handshake.
    ClosesUnused(Duration),
}
