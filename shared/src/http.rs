//! What the three functions share: from a gateway event to an answer.

mod body;
mod handler;
mod headers;
mod log;
pub mod metrics;
mod problem;
mod route;
mod run;
mod serve;

pub use crate::gateway::GatewayEvent;
pub use handler::HandlerContext;
pub use problem::{Code, Problem};
pub use route::Route;
pub use run::{invoke, run};
pub use serve::{AuthenticatedRequest, serve};
