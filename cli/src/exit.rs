//! How a command ends.

use std::process::ExitCode;

/// How a command ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// All is good.
    Good,
    /// There are findings.
    Findings,
    /// It could not be checked or done.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
        })
    }
}

impl Exit {
    /// Good where `is_good`, findings otherwise.
    #[must_use]
    pub fn of(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Findings }
    }
}
