//! The schema of a semantic model.

mod definition;
mod dependencies;
mod info_view;
mod paths;
mod relationship;
mod table;
mod tmsl;

pub use self::definition::ModelDefinition;
pub(crate) use self::dependencies::Dependencies;
pub(crate) use self::table::{DataType, Table};
