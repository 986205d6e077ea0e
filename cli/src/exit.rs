//! The exit codes of the command.

use std::process::ExitCode;

/// The result of a command, which decides its exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// There are no findings.
    Good,
    /// There are findings.
    Findings,
    /// The command could not be carried out.
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
    /// `Good` if `is_good`, otherwise `Findings`.
    #[must_use]
    pub fn of(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Findings }
    }
}
