//! An execution environment of Lambda's: a function's real process, and the Runtime API that it polls.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::Path as FilePath;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use crate::project;

/// Longer than a loaded machine takes for anything here.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment, which ends with the test.
pub struct Environment {
    child: Child,
    log: NamedTempFile,
    api: Arc<Api>,
    server: AbortHandle,
}

/// What the Runtime API has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many polls wait for an event.
    pub polls: usize,
    /// How many events are being worked on.
    pub in_work: usize,
    /// The most that were worked on at any one time.
    pub most_in_work: usize,
    /// The function's answers by request id.
    pub answers: BTreeMap<String, Value>,
}

#[derive(Default)]
struct Api {
    inbox: Mutex<VecDeque<(String, Value)>>,
    arrived: Notify,
    seen: watch::Sender<Seen>,
}

impl Environment {
    /// Starts a function's binary with these variables and no others, polling as Lambda would have it poll.
    pub async fn start(function: &str, variables: &BTreeMap<String, String>) -> Self {
        let _ = tokio::task::spawn_blocking(|| project::cargo(&["build", "--bins"])).await.unwrap();
        Self::start_binary(&project::root().join("target/debug").join(function), function, variables).await
    }

    /// Starts a file as that function.
    pub async fn start_binary(binary: &FilePath, function: &str, variables: &BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let api = Arc::<Api>::default();
        let server = tokio::spawn(serve(listener, Arc::clone(&api))).abort_handle();
        let log = NamedTempFile::new().unwrap();
        let child = Command::new(binary)
            .env_clear()
            .envs(variables)
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", function),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ])
            .stdin(Stdio::null())
            .stdout(File::create(log.path()).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{function} does not start: {error}"));
        Self { child, log, api, server }
    }

    /// Hands out events, each under its request id, as fast as the function takes them.
    pub fn hand_out(&self, events: impl IntoIterator<Item = (String, Value)>) {
        self.api.inbox.lock().unwrap().extend(events);
        self.api.arrived.notify_waiters();
    }

    /// Waits until what was seen is as wanted, and returns it.
    pub async fn when(&self, wanted: impl FnMut(&Seen) -> bool) -> Seen {
        let mut seen = self.api.seen.subscribe();
        let Ok(seen) = tokio::time::timeout(PATIENCE, seen.wait_for(wanted)).await else {
            panic!("it never came to that: {:#?}", self.api.seen.borrow());
        };
        seen.unwrap().clone()
    }

    /// The lines that the function has written about requests.
    #[must_use]
    pub fn request_lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == "request").collect()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.server.abort();
    }
}

/// The trace that an event with this request id belongs to.
#[must_use]
pub fn trace_of(request_id: &str) -> String {
    format!("Root=1-6742a1b0-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0;Lineage={request_id}")
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .with_state(api);
    axum::serve(listener, routes).await.unwrap();
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    api.seen.send_modify(|seen| seen.polls += 1);
    let (id, event) = api.take().await;
    api.seen.send_modify(|seen| {
        seen.polls -= 1;
        seen.in_work += 1;
        seen.most_in_work = seen.most_in_work.max(seen.in_work);
    });
    let mut headers = HeaderMap::new();
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:dynabind";
    for (name, value) in [
        ("lambda-runtime-aws-request-id", id.as_str()),
        ("lambda-runtime-deadline-ms", &deadline_ms().to_string()),
        ("lambda-runtime-invoked-function-arn", arn),
        ("lambda-runtime-trace-id", &trace_of(&id)),
    ] {
        headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    (headers, event.to_string()).into_response()
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let answer = serde_json::from_slice(&body).unwrap();
    api.seen.send_modify(|seen| {
        seen.in_work -= 1;
        assert!(seen.answers.insert(id, answer).is_none(), "answered twice");
    });
    StatusCode::ACCEPTED
}

impl Api {
    async fn take(&self) -> (String, Value) {
        loop {
            let arrived = self.arrived.notified();
            if let Some(event) = self.inbox.lock().unwrap().pop_front() {
                return event;
            }
            arrived.await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the process reads the real clock")]
fn deadline_ms() -> u128 {
    (SystemTime::now() + PATIENCE).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()
}
