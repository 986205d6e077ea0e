//! `POST /token`: one embed token for many bindings.

use dynabind::App;
use dynabind::http::{self, Exchange, Route};
use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};

const ROUTE: Route = Route { method: Method::POST, path: "/token" };

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    http::serve(app.edge(), &ROUTE, request, async |exchange: Exchange| {
        let bindings = exchange.bindings()?;
        Ok(app.embedding().token(exchange.call(), exchange.caller(), &bindings).await?)
    })
    .await
}
