//! The Runtime API of one execution environment.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::{PATIENCE, now, trace_of};

/// The end of a function's invocation.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When the last byte arrived.
    pub at: Instant,
    /// What the function posted: the gateway's answer, or an error.
    pub payload: Bytes,
}

/// The invocations of a function so far.
#[derive(Clone, Debug, Default)]
pub struct Invocations {
    /// When the function polled for the first time.
    pub first_poll: Option<Instant>,
    /// How many polls wait for an event.
    pub waiting_polls: usize,
    /// How many events the function is working on.
    pub running: usize,
    /// The maximum of `running`.
    pub most_running: usize,
    /// The answers by request id.
    pub answers: BTreeMap<String, Answer>,
}

#[derive(Default)]
pub(super) struct RuntimeApi {
    queue: Mutex<VecDeque<(String, Bytes)>>,
    arrived: Notify,
    pub(super) invocations: watch::Sender<Invocations>,
}

/// Serves the API until it is aborted.
pub(super) async fn serve(listener: TcpListener, api: Arc<RuntimeApi>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve_connection(stream, Arc::clone(&api)));
    }
}

async fn serve_connection(stream: TcpStream, api: Arc<RuntimeApi>) {
    // An error means that the function has ended and closed its connection.
    drop(stream.set_nodelay(true));
    let answer = service_fn(async |request| Ok::<_, Infallible>(api.answer(request).await));
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
}

impl RuntimeApi {
    pub(super) fn send(&self, events: impl IntoIterator<Item = (String, Bytes)>) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        self.arrived.notify_waiters();
    }

    pub(super) fn take_answer(&self, request_id: &str) -> Option<Answer> {
        let mut answer = None;
        self.invocations.send_modify(|invocations| answer = invocations.answers.remove(request_id));
        answer
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() == Method::GET {
            return self.next().await;
        }
        // The path is /2018-06-01/runtime/invocation/ID/response (or /error).
        let id = request.uri().path().rsplit('/').nth(1).unwrap_or_default().to_owned();
        let payload = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let answer = Answer { at: now(), payload };
        let mut status = StatusCode::ACCEPTED;
        self.invocations.send_modify(|invocations| {
            invocations.running = invocations.running.saturating_sub(1);
            if invocations.answers.insert(id, answer).is_some() {
                status = StatusCode::BAD_REQUEST;
            }
        });
        let mut response = Response::new(Full::default());
        *response.status_mut() = status;
        response
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.invocations.send_modify(|invocations| {
            invocations.first_poll.get_or_insert_with(now);
            invocations.waiting_polls += 1;
        });
        let (id, event) = self.take().await;
        self.invocations.send_modify(|invocations| {
            invocations.waiting_polls -= 1;
            invocations.running += 1;
            invocations.most_running = invocations.most_running.max(invocations.running);
        });
        let mut response = Response::new(Full::new(event));
        for (name, value) in [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", id.as_str()),
            ("lambda-runtime-deadline-ms", &deadline_ms().to_string()),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:dynabind"),
            ("lambda-runtime-trace-id", &trace_of(&id)),
        ] {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    async fn take(&self) -> (String, Bytes) {
        loop {
            let arrived = self.arrived.notified();
            let event = self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(event) = event {
                return event;
            }
            arrived.await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the process compares the deadline with the real clock")]
fn deadline_ms() -> u128 {
    (SystemTime::now() + PATIENCE).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
