//! Reading JSON that people write: every fault at once, each with its place.
//!
//! The request body, the catalog and the secret are read with this module. It
//! differs from a derived deserialiser in two ways that help their authors:
//! it continues after a fault, and it refuses what would be silently dropped
//! (unknown fields, repeated names).

mod document;
mod reader;

pub use document::Document;
pub use reader::{Fields, JsonFault, MAX_FAULTS, Reader};
