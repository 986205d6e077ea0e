//! What the three functions share: from a gateway event to an answer.

mod body;
mod handler;
mod headers;
mod log;
mod measured_reports;
pub mod metrics;
mod problem;
mod request;
mod route;
mod run;
mod serve;
mod timings;

pub use crate::gateway::GatewayEvent;
pub use ::http::Method;
pub use handler::HandlerContext;
pub use lambda_runtime::Error as RuntimeError;
pub use problem::{Code, Problem};
pub use request::{Request, Response};
pub use route::Route;
pub use run::{invoke, run};
pub use serve::{AuthenticatedRequest, serve};
pub use timings::Timing;
