//! The edge that the three functions share: from a gateway event to an answer.

mod body;
mod claims;
mod event;
mod headers;
mod log;
pub mod metrics;
mod problem;
mod run;
mod serve;

pub use event::GatewayEvent;
pub use problem::{Code, Problem};
pub use run::{invoke, run};
pub use serve::{Edge, Exchange, Route, serve};
