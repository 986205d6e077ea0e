//! Problems: from a cause to a code, its status and the document that the page gets.

mod cause;
mod code;
mod document;

pub use code::Code;
pub use document::Problem;
