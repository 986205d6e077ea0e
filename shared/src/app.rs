//! The composition root.

use std::sync::Arc;

use crate::clock::Clock;
use crate::fault::Faults;

/// Everything a function needs, built once before its first event.
pub struct App {
    _clock: Arc<dyn Clock>,
}

impl App {
    /// Reads the process environment; on a fault logs each in one line and exits.
    #[must_use]
    pub fn from_env() -> Self {
        std::process::exit(1)
    }

    /// Builds the application from named variables.
    ///
    /// # Errors
    /// Every fault of the settings and of the catalog file, together.
    pub fn from_vars(
        vars: &dyn Fn(&str) -> Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Faults> {
        let _ = vars;
        Ok(Self { _clock: clock })
    }
}
