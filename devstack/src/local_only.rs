//! A check that refuses requests of foreign pages.
//!
//! Two kinds of foreign page could use a server on loopback from a developer's browser: a page that sends requests to
//! loopback (its `Origin` is foreign), and a page whose name resolves to loopback (its `Host` is foreign).

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{StatusCode, Uri};
use serde_json::json;

/// The paths of a server that the check applies to.
#[derive(Clone, Copy)]
struct Guarded {
    port: u16,
    prefix: &'static str,
}

/// Adds the check to every path under `prefix`; an empty prefix means every path. `port` is that of the server.
pub(crate) fn guard(routes: Router, port: u16, prefix: &'static str) -> Router {
    routes.layer(middleware::from_fn_with_state(Guarded { port, prefix }, refuse_foreign))
}

async fn refuse_foreign(State(Guarded { port, prefix }): State<Guarded>, request: Request, next: Next) -> Response {
    let below = request.uri().path().strip_prefix(prefix);
    let is_guarded = below.is_some_and(|below| below.is_empty() || below.starts_with('/'));
    if is_guarded && !is_local(&request, port) {
        let place = if prefix.is_empty() { "this port" } else { prefix };
        let message = format!("{place} answers only to this machine's own names and pages");
        return (StatusCode::FORBIDDEN, Json(json!({ "message": message }))).into_response();
    }
    next.run(request).await
}

/// Whether a request names this server as its host, and does not come from a foreign page.
fn is_local(request: &Request, port: u16) -> bool {
    let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    // In HTTP/2 the host is in the URI.
    let host = text(HOST).map_or_else(|| request.uri().authority().cloned(), |host| host.parse().ok());
    let host_is_local = host.is_some_and(|host| is_loopback(&host, port));
    let origin_is_local = text(ORIGIN).is_none_or(|origin| {
        let uri: Uri = origin.parse().unwrap_or_default();
        uri.scheme_str() == Some("http") && uri.authority().is_some_and(|authority| is_loopback(authority, port))
    });
    host_is_local && origin_is_local
}

fn is_loopback(authority: &Authority, port: u16) -> bool {
    let is_named = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| authority.host().eq_ignore_ascii_case(name));
    is_named && authority.port_u16() == Some(port) && !authority.as_str().contains('@')
}
