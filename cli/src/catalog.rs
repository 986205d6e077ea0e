//! `dynabind catalog`: moves a catalog between a JSON file and a DynamoDB table.
//!
//! `content` turns a catalog into the table's items and back. `plan` decides what
//! is written and in which order. `table` reads and writes. `commands` has the
//! subcommands that use them.

mod arguments;
mod commands;
mod connect;
mod content;
mod diff;
mod error;
mod item;
mod plan;
mod progress;
mod table;
mod validate;

pub use arguments::{Arguments, Command};
pub use commands::{Verdict, run};
pub(crate) use connect::aws;
pub use connect::connect;
pub use content::{from_json, to_json};
pub use error::LoaderError;
pub use item::{Item, Items};
pub use plan::{Plan, Stage, Write};
pub(crate) use progress::Progress;
pub(crate) use table::Table;
pub use validate::{FileFault, Validation, validate};
