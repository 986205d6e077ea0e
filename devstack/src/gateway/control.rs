//! The control API under `/dev/`: calls, faults, latency, tokens, the secret.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::calls::Service;
use crate::embed;
use crate::fake_services::FakeServices;
use crate::faults::Fault;

const HELP: &str = "\
The control API of the development stack. Bodies are JSON.

GET    /dev/users                        the demo's callers
GET    /dev/token?user=NAME              a caller's token; &expired=1, &aud=wrong and &scope=none make it invalid
GET    /dev/calls[?service=SERVICE]      the calls to the upstreams
DELETE /dev/calls                        remove them from the log
GET    /dev/faults                       the faults that are still to be injected, and latencies
POST   /dev/faults                       {\"service\", \"route\", \"fault\", \"times\"}
DELETE /dev/faults                       remove them, and latencies
POST   /dev/latency                      {\"service\", \"ms\"}; without a service: for all services
POST   /dev/rotate-secret                a new client secret, in Entra and in Secrets Manager
POST   /dev/revoke-tokens                Power BI refuses every access token so far
POST   /dev/expire-tokens                {\"kind\": \"access\" or \"embed\"}; without a body: both kinds
POST   /dev/token-life                   {\"seconds\"}, for access tokens from now on
POST   /dev/token-info                   {\"accessToken\"}: what an embed token opens

SERVICE is entra, power-bi, fabric, secrets-manager or sts. A route is a path with * for any
characters, optionally after a method. A fault has a \"kind\":
  status (status, headers, body), hang, slow-drip (intervalMs), reset-before-answer,
  reset-mid-body, redirect (location), huge-body (bytes), truncated-json,
  html-bad-gateway, delay (delayMs)
";

/// The routes of the control API. They need no token.
pub(crate) fn routes(upstreams: FakeServices) -> Router {
    Router::new()
        .route("/dev", get(HELP))
        .route("/dev/calls", get(calls).delete(clear_calls))
        .route("/dev/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/dev/latency", post(latency))
        .route("/dev/rotate-secret", post(rotate_secret))
        .route("/dev/revoke-tokens", post(revoke_tokens))
        .route("/dev/expire-tokens", post(expire_tokens))
        .route("/dev/token-life", post(token_life))
        .route("/dev/token-info", post(token_info))
        .with_state(upstreams)
}

#[derive(Deserialize)]
struct Which {
    service: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    service: String,
    #[serde(default = "every_route")]
    route: String,
    fault: Fault,
    times: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    /// Absent: every service.
    service: Option<String>,
    ms: u64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    /// `access`, `embed`; absent: both.
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenLife {
    seconds: u64,
}

type Control = State<FakeServices>;
type Answer = Result<Response, Refusal>;

/// An invalid request and the reason.
struct Refusal(String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "message": self.0 }))).into_response()
    }
}

async fn calls(State(upstreams): Control, Query(which): Query<Which>) -> Answer {
    let calls = match which.service {
        None => upstreams.log().all(),
        Some(name) => upstreams.log().of(service(&name)?),
    };
    let calls: Vec<_> = calls.iter().map(crate::calls::RecordedCall::redacted).collect();
    Ok(Json(json!({ "calls": calls })).into_response())
}

async fn clear_calls(State(upstreams): Control) -> StatusCode {
    upstreams.log().clear();
    StatusCode::NO_CONTENT
}

async fn faults(State(upstreams): Control) -> Json<Value> {
    Json(json!({
        "entra": upstreams.entra().state(),
        "power-bi": upstreams.powerbi().state(),
        "fabric": upstreams.fabric().state(),
        "secrets-manager": upstreams.secrets().state(),
        "sts": upstreams.sts().state(),
    }))
}

async fn add_fault(State(upstreams): Control, body: Bytes) -> Answer {
    let new: NewFault = parsed(&body)?;
    let upstream =
        upstreams.upstream(service(&new.service)?).ok_or_else(|| refused("this stack has no such service"))?;
    upstream.fail(&new.route, new.fault, new.times);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn clear_faults(State(upstreams): Control) -> StatusCode {
    for upstream in upstreams.all() {
        upstream.clear_faults();
        upstream.set_latency(Duration::ZERO);
    }
    StatusCode::NO_CONTENT
}

async fn latency(State(upstreams): Control, body: Bytes) -> Answer {
    let wanted: Latency = parsed(&body)?;
    let only = wanted.service.as_deref().map(service).transpose()?;
    for upstream in upstreams.all() {
        if only.is_none_or(|only| only == upstream.service()) {
            upstream.set_latency(Duration::from_millis(wanted.ms));
        }
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn rotate_secret(State(upstreams): Control) -> StatusCode {
    upstreams.rotate_secret();
    StatusCode::NO_CONTENT
}

async fn revoke_tokens(State(upstreams): Control) -> StatusCode {
    upstreams.revoke_access_tokens();
    StatusCode::NO_CONTENT
}

async fn expire_tokens(State(upstreams): Control, body: Bytes) -> Answer {
    let tokens: Tokens = if body.is_empty() { Tokens::default() } else { parsed(&body)? };
    let kind = tokens.kind.as_deref();
    if kind.is_some_and(|kind| kind != "access" && kind != "embed") {
        return Err(refused("kind must be access or embed"));
    }
    if kind != Some("embed") {
        upstreams.expire_access_tokens();
    }
    if kind != Some("access") {
        upstreams.expire_embed_tokens();
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn token_life(State(upstreams): Control, body: Bytes) -> Answer {
    let life: TokenLife = parsed(&body)?;
    upstreams.set_access_token_life(Duration::from_secs(life.seconds));
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn token_info(State(upstreams): Control, body: Bytes) -> Answer {
    let token = embed::token_in(upstreams.ledger(), &body);
    let token = token.ok_or_else(|| refused("accessToken is not an embed token of this stack"))?;
    Ok(Json(embed::described(&token)).into_response())
}

fn service(name: &str) -> Result<Service, Refusal> {
    Service::from_name(name).ok_or_else(|| refused("service must be entra, power-bi, fabric, secrets-manager or sts"))
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| refused(&error.to_string()))
}

fn refused(why: &str) -> Refusal {
    Refusal(why.to_owned())
}

fn every_route() -> String {
    "*".to_owned()
}
