//! `POST /config`: a config for `powerbi.embed`, for each binding.

use dynabind::App;
use dynabind::http::{self, AuthenticatedRequest, Route};
use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};

const ROUTE: Route = Route { method: Method::POST, path: "/config" };

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    http::serve(app.handler(), &ROUTE, request, async |request: AuthenticatedRequest| {
        let bindings = request.bindings()?;
        Ok(app.embedding().config(request.context(), request.caller(), &bindings).await?)
    })
    .await
}
