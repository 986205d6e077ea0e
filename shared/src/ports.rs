//! What the core needs from outside systems: one narrow trait for each.

mod access_tokens;
mod actor;
mod catalog;
mod items;
mod powerbi;
mod session;

pub use access_tokens::{AccessTokens, Charge};
pub use actor::{ActingAs, ActorKey};
pub use catalog::CatalogReader;
pub use items::{DatasetMetadata, Item, ListedDataset, ListedReport, ReportMetadata, WorkspaceMetadata};
pub use powerbi::PowerBi;
pub use session::Session;
