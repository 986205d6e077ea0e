//! The edge that the three functions share: from a gateway event to an answer.

mod body;
mod claims;
mod headers;
mod log;
mod problem;
mod serve;

pub use problem::{Code, Problem};
pub use serve::{Edge, Exchange, Route, serve};
