//! Errors when a stack starts.

use std::io;

/// Why a stack did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A requested port is in use.
    #[error("port {port} is taken ({source}); give another one")]
    PortTaken {
        /// The port.
        port: u16,
        /// The error of the system.
        source: io::Error,
    },
    /// A listener could not be opened.
    #[error("cannot listen on loopback: {0}")]
    Listen(#[from] io::Error),
    /// The template cannot be read or understood.
    #[error("{path}: {detail}")]
    Template {
        /// The template's path.
        path: String,
        /// What is wrong, and where.
        detail: String,
    },
    /// A function refuses its settings.
    #[error("function {function} does not start: {faults}")]
    Function {
        /// The function's name.
        function: String,
        /// Every fault it found.
        faults: String,
    },
    /// A signing key could not be made.
    #[error("cannot make an RSA key: {0}")]
    Key(String),
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
}
