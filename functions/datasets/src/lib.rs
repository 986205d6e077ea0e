//! `GET /datasets` lists what the caller may bind, with the problems that were found. `POST /timings` takes how long
//! viewers waited.

use dynabind::App;
use dynabind::http::{self, AuthenticatedRequest, Method, Request, Response, Route};

const DATASETS: Route = Route { method: Method::GET, path: "/datasets" };
const TIMINGS: Route = Route { method: Method::POST, path: "/timings" };

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response {
    if TIMINGS.is_path_of(&request) { timings(app, request).await } else { datasets(app, request).await }
}

async fn datasets(app: &App, request: Request) -> Response {
    http::serve(app.handler(), &DATASETS, request, async |request: AuthenticatedRequest| {
        let report = request.report()?;
        Ok(app.embedding().datasets(request.context(), request.caller(), report.as_ref()).await?)
    })
    .await
}

async fn timings(app: &App, request: Request) -> Response {
    http::serve(app.handler(), &TIMINGS, request, async |request: AuthenticatedRequest| {
        let timings = request.timings()?;
        let reports = timings.iter().map(|timing| timing.report.clone()).collect();
        let named = app.embedding().granted_reports(request.context(), request.caller(), &reports).await?;
        app.handler().write_timings(&timings, &named);
        Ok(())
    })
    .await
}
