//! What a function's handler gets, and what it answers.

use lambda_runtime::Context;

use crate::gateway::GatewayEvent;

/// A request, with the time limit and the ids of its invocation.
#[derive(Debug)]
pub struct Request {
    pub(super) event: GatewayEvent,
    pub(super) invocation: Context,
}

/// An answer; its body is JSON or empty.
pub type Response = http::Response<String>;
