//! Whether the model has what one reference names.

use super::wording::Missing;

/// The result for one reference.
#[derive(Clone)]
pub(super) enum Outcome {
    Fine,
    Missing(Missing),
    CannotTell(String),
}
