//! Reading JSON that people write: every fault at once, each with its place.
//!
//! The request body, the catalog and the secret are read with this module. It
//! differs from a derived deserialiser in two ways that their authors feel:
//! it goes on after a fault, and it refuses what would be silently dropped
//! (unknown fields, a name that stands twice).

mod document;
mod reader;

pub use document::Document;
pub use reader::{Fields, JsonFault, MAX_FAULTS, Reader};
