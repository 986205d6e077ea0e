//! The behaviour of a host with early connections.

use std::time::Duration;

use http::StatusCode;

/// The behaviour of a host with a connection that a client opens before it has a request.
///
/// It is not documented for Entra and Power BI, so a cold start must not depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub enum Greeting {
    /// It answers `HEAD /` like any request.
    #[default]
    Answers,
    /// It answers `HEAD /` after this delay.
    AnswersAfter(Duration),
    /// It answers `HEAD /` with this status, and a `Location` for a redirect.
    Refuses(StatusCode),
    /// It closes the connection on `HEAD /`.
    Closes,
    /// It closes a connection that has had no request for this long after its handshake.
    ClosesUnused(Duration),
}
