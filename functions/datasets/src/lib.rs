//! `GET /datasets`: what the caller may bind, and whether it would work.

use dynabind::App;
use dynabind::http::{self, AuthenticatedRequest, Route};
use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};

const ROUTE: Route = Route { method: Method::GET, path: "/datasets" };

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    http::serve(app.handler(), &ROUTE, request, async |request: AuthenticatedRequest| {
        let report = request.report()?;
        Ok(app.embedding().datasets(request.context(), request.caller(), report.as_ref()).await?)
    })
    .await
}
