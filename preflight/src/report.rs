//! Reads which fields a report uses.

mod bookmarks;
mod definition;
mod expression;
mod extension;
mod field_use;
mod filters;
mod legacy;
mod literal;
mod objects;
mod parts;
mod pbir;
mod read;
mod reader;
mod reference;
mod sources;
mod titles;

pub use self::definition::ReportDefinition;
pub(crate) use self::definition::ReportMeasure;
pub(crate) use self::field_use::{FieldUse, Level, Need, Site, UsedAs};
pub use self::parts::Part;
pub(crate) use self::reference::Reference;
