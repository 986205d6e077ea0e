//! `GET /datasets`: what the caller may bind, and whether it would work.

use dynabind::App;
use dynabind::http::{self, Exchange, Route};
use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};

const ROUTE: Route = Route { method: Method::GET, path: "/datasets" };

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    http::serve(app.edge(), &ROUTE, request, async |exchange: Exchange| {
        let report = exchange.report()?;
        Ok(app.embedding().datasets(exchange.call(), exchange.caller(), report.as_ref()).await?)
    })
    .await
}
