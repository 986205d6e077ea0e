//! Faults of input that is read at start: settings, catalog, secret.

use std::fmt;

/// One fault in one place, with its remedy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ValidationError {
    /// The variable's name, or a file and a JSON pointer into it.
    pub place: String,
    /// What is wrong there, and what to do about it.
    pub detail: String,
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.detail)
    }
}

/// Every fault that was found, in the order of the input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ValidationErrors(pub Vec<ValidationError>);

impl ValidationErrors {
    /// Both results, or the faults of both.
    ///
    /// # Errors
    /// The faults of either.
    pub fn join<A, B>(first: Result<A, Self>, second: Result<B, Self>) -> Result<(A, B), Self> {
        match (first, second) {
            (Ok(first), Ok(second)) => Ok((first, second)),
            (Err(first), Err(second)) => Err(Self(first.0.into_iter().chain(second.0).collect())),
            (Err(faults), _) | (_, Err(faults)) => Err(faults),
        }
    }
}
