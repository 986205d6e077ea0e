//! Compares what a Power BI report uses with what a semantic model has.
//!
//! [`ReportDefinition`] reads a report in PBIR or in PBIR-Legacy, [`ModelDefinition`] reads a
//! model from TMSL or from rows of `INFO.VIEW.*`, and [`compare()`] finds every field that the
//! report uses and the model lacks. A part that cannot be checked becomes a [`NotChecked`].
//!
//! The crate does no I/O. Names are compared as in DAX, without regard to case.

mod compare;
mod comparison;
mod dax;
mod error;
mod model;
mod names;
mod report;

pub use compare::{compare, compare_with_own};
pub use comparison::{Comparison, NotChecked, SchemaFinding};
pub use error::DefinitionError;
pub use model::ModelDefinition;
pub use report::{Part, ReportDefinition};
