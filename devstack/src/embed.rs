//! A simulation of the host that reports are embedded from.

mod host;
mod load;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use self::load::LoadRequest;
use crate::files::Files;
use crate::ledger::{EmbedToken, Ledger};
use crate::time_source::rfc3339;

pub(crate) use self::host::EmbedHost;
pub(crate) use self::load::LoadError;

/// The host of embed URLs. The client accepts no other host.
pub(crate) const EMBED_HOST: &str = "app.powerbi.com";

impl EmbedHost {
    pub(crate) fn routes(self: Arc<Self>) -> Router {
        Router::new()
            .route("/reportEmbed", get(page))
            .route("/rdlEmbed", get(page))
            .route("/sim/load", post(load))
            .route("/sim/token-info", post(token_info))
            .fallback(asset)
            .with_state(self)
    }
}

/// The contents of an embed token, for display.
pub(crate) fn described(token: &EmbedToken) -> Value {
    let reports: Vec<_> =
        token.reports.iter().map(|report| json!({"id": report.id, "allowEdit": report.allow_edit})).collect();
    let datasets: Vec<_> = token
        .datasets
        .iter()
        .map(|dataset| json!({"id": dataset.id, "xmlaReadOnly": dataset.xmla_read_only}))
        .collect();
    let identities: Vec<_> = token
        .identities
        .iter()
        .map(|identity| {
            json!({
                "username": identity.username,
                "roles": identity.roles,
                "customData": identity.custom_data,
                "datasets": identity.datasets,
                "reports": identity.reports,
            })
        })
        .collect();
    json!({
        "tokenId": token.id,
        "expiration": rfc3339(token.expires),
        "reports": reports,
        "datasets": datasets,
        "targetWorkspaces": token.target_workspaces,
        "identities": identities,
    })
}

/// The text of an embed token in a JSON body, and its contents.
pub(crate) fn token_in(ledger: &Ledger, body: &[u8]) -> Option<EmbedToken> {
    let body: Value = serde_json::from_slice(body).ok()?;
    ledger.embed(body.get("accessToken")?.as_str()?)
}

async fn page(State(host): State<Arc<EmbedHost>>) -> Response {
    match host.files.get("/").await {
        Some(page) => page,
        None => not_built(&host.files).into_response(),
    }
}

async fn asset(State(host): State<Arc<EmbedHost>>, uri: Uri) -> Response {
    let found = host.files.get(uri.path()).await;
    found.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

async fn load(State(host): State<Arc<EmbedHost>>, body: Bytes) -> Response {
    let loaded = serde_json::from_slice::<LoadRequest>(&body)
        .map_err(|error| LoadError::invalid(&error.to_string()))
        .and_then(|request| load::load(&host, &request));
    match loaded {
        Ok(report) => Json(report).into_response(),
        Err(failure) => failure.into_response(),
    }
}

async fn token_info(State(host): State<Arc<EmbedHost>>, body: Bytes) -> Response {
    match token_in(&host.ledger, &body) {
        Some(token) => Json(described(&token)).into_response(),
        None => LoadError::not_authorized("This is not an embed token.").into_response(),
    }
}

fn not_built(files: &Files) -> Html<String> {
    let root = files.root().display();
    Html(format!("<!doctype html><title>Not built</title><p>There is no page in {root}.</p>"))
}
