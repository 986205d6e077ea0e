//! The common part of every stand-in: a log, faults, latency.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::StatusCode;
use serde_json::{Value, json};

use crate::calls::{Arrival, CallLog, RecordedCall, Service};
use crate::faults::{Fault, FaultScript};
use crate::server::{Connection, Connections};
use crate::time_source::TimeSource;

/// The maximum size of a request.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// The handle of one stand-in, for tests and the control API.
#[derive(Clone, Debug)]
pub struct FakeService(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Service,
    time: TimeSource,
    log: CallLog,
    script: FaultScript,
    connections: Connections,
    latency_micros: AtomicU64,
}

impl FakeService {
    pub(crate) fn new(service: Service, time: TimeSource, log: CallLog) -> Self {
        let (script, connections) = (FaultScript::default(), Connections::default());
        Self(Arc::new(Inner { service, time, log, script, connections, latency_micros: AtomicU64::new(0) }))
    }

    /// The service that this replaces.
    #[must_use]
    pub fn service(&self) -> Service {
        self.0.service
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.0.log.of(self.0.service)
    }

    /// The calls so far, without `HEAD`.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedCall> {
        self.calls().into_iter().filter(|call| call.method != "HEAD").collect()
    }

    /// Removes the calls so far.
    pub fn clear_calls(&self) {
        self.0.log.clear_of(self.0.service);
    }

    /// Injects a fault into the next `times` requests that match a route, or into every one until [`Self::clear_faults`].
    ///
    /// A route is a path with `*` for any characters, optionally after a method: `POST /v1.0/myorg/GenerateToken`,
    /// `/v1.0/*`, `*`.
    pub fn fail(&self, route: &str, fault: Fault, times: Option<u32>) {
        self.0.script.add(route, fault, times);
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        self.0.script.clear();
    }

    /// Resets every open connection, as a network does with connections that were idle for a long time.
    pub fn reset_connections(&self) {
        self.0.connections.reset();
    }

    /// The number of connections so far, including those without a request.
    #[must_use]
    pub fn opened_connections(&self) -> usize {
        self.0.connections.accepted()
    }

    /// Refuses new connections and resets open ones, until [`Self::accept_connections`].
    pub async fn refuse_connections(&self) {
        self.0.connections.close().await;
    }

    /// Listens again, on the same port.
    pub async fn accept_connections(&self) {
        self.0.connections.open().await;
    }

    /// Makes every answer take at least this long.
    pub fn set_latency(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.latency_micros.store(micros, Ordering::Relaxed);
    }

    pub(crate) fn connections(&self) -> Connections {
        self.0.connections.clone()
    }

    /// The faults and the latency, as JSON.
    pub(crate) fn state(&self) -> Value {
        let latency = self.0.latency_micros.load(Ordering::Relaxed) / 1000;
        json!({ "faults": self.0.script.waiting(), "latencyMs": latency })
    }

    /// Adds the log, the latency and the faults to a stand-in's routes.
    pub(crate) fn guard(&self, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(self.clone(), observe))
    }
}

async fn observe(
    State(upstream): State<FakeService>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let inner = &upstream.0;
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let sequence = inner.log.begin(Arrival {
        service: inner.service,
        at: inner.time.now(),
        connection: connection.id(),
        parts: &parts,
        body: &body,
    });
    wait(Duration::from_micros(inner.latency_micros.load(Ordering::Relaxed))).await;
    let fault = inner.script.take(parts.method.as_str(), parts.uri.path());
    let good = next.run(Request::from_parts(parts, Body::from(body)));
    let response = match fault {
        None => good.await,
        Some(fault) => fault.answer(&connection, good).await,
    };
    inner.log.answered(sequence, response.status().as_u16());
    response
}

async fn wait(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}
