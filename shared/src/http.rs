//! What the three functions share: from a gateway event to an answer.

mod body;
mod headers;
mod log;
pub mod metrics;
mod problem;
mod run;
mod serve;

pub use crate::gateway::GatewayEvent;
pub use problem::{Code, Problem};
pub use run::{invoke, run};
pub use serve::{AuthenticatedRequest, HandlerContext, Route, serve};
