//! `POST /config`: a config for `powerbi.embed`, for each binding.

use dynabind::App;
use dynabind::http::{self, AuthenticatedRequest, Method, Request, Response, Route};

const ROUTE: Route = Route { method: Method::POST, path: "/config" };

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response {
    http::serve(app.handler(), &ROUTE, request, async |request: AuthenticatedRequest| {
        let bindings = request.bindings()?;
        Ok(app.embedding().config(request.context(), request.caller(), &bindings).await?)
    })
    .await
}
