//! The `datasets` function.

use dynabind::App;
use lambda_http::{Body, Request, Response};

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    let _ = (app, request);
    Response::new(Body::Empty)
}
