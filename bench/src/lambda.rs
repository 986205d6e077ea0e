//! The part of Lambda that a function sees: its process, and the Runtime API.

use std::convert::Infallible;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Error;

/// Longer than anything that is measured.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment variables of a function.
pub type Variables = Vec<(String, String)>;

/// What a function answered, and when all of it was here.
#[derive(Debug)]
pub struct Answer {
    /// When the last byte came.
    pub at: Instant,
    /// The gateway's answer, as JSON.
    pub payload: Bytes,
}

/// One execution environment: a process, and the Runtime API that it polls.
pub struct Environment {
    child: Child,
    started: Instant,
    api: Arc<Api>,
    inbox: mpsc::UnboundedSender<Bytes>,
    first_poll: oneshot::Receiver<Instant>,
    /// Ends with the environment.
    _server: JoinSet<()>,
}

struct Api {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Bytes>>,
    polled: Mutex<Option<oneshot::Sender<Instant>>>,
    waiting: Mutex<Option<oneshot::Sender<Result<Answer, Error>>>>,
}

impl Environment {
    /// Starts a function's process with these variables and no others.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(binary: &Path, variables: &Variables) -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (inbox, events) = mpsc::unbounded_channel();
        let (polled, first_poll) = oneshot::channel();
        let events = tokio::sync::Mutex::new(events);
        let api = Arc::new(Api { events, polled: Mutex::new(Some(polled)), waiting: Mutex::default() });
        let mut server = JoinSet::new();
        server.spawn(serve(listener, Arc::clone(&api)));
        let mut command = Command::new(binary);
        command.env_clear().envs(variables.iter().cloned()).env("AWS_LAMBDA_RUNTIME_API", address);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let started = now();
        let child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
        Ok(Self { child, started, api, inbox, first_poll, _server: server })
    }

    /// When the process was started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// How long it took from the start to the first poll for an event.
    ///
    /// # Errors
    /// When the function ends, or hangs, before.
    pub async fn init(&mut self) -> Result<Duration, Error> {
        let at = timeout(PATIENCE, &mut self.first_poll).await??;
        Ok(at - self.started)
    }

    /// Hands over an event and waits for the answer, which has to be a success.
    ///
    /// # Errors
    /// When there is none, or another.
    pub async fn invoke(&self, event: Bytes) -> Result<Answer, Error> {
        let (sender, receiver) = oneshot::channel();
        self.api.waiting.lock().unwrap_or_else(PoisonError::into_inner).replace(sender);
        self.inbox.send(event)?;
        let answer = timeout(PATIENCE, receiver).await???;
        let text = std::str::from_utf8(&answer.payload)?;
        if text.contains(r#""statusCode":200"#) { Ok(answer) } else { Err(format!("the answer is {text}").into()) }
    }

    /// Ends the process.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn stop(mut self) -> Result<(), Error> {
        Ok(self.child.kill().await?)
    }
}

async fn serve(listener: TcpListener, api: Arc<Api>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, Arc::clone(&api)));
    }
}

async fn converse(stream: TcpStream, api: Arc<Api>) {
    // A function that is stopped breaks its connection.
    drop(stream.set_nodelay(true));
    let answer = service_fn(async |request| Ok::<_, Infallible>(api.answer(request).await));
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
}

impl Api {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() == Method::GET {
            return self.next().await;
        }
        let succeeded = request.uri().path().ends_with("/response");
        let payload = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let answer = Answer { at: now(), payload };
        if let Some(waiting) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let failure = || Err(format!("the function failed: {}", String::from_utf8_lossy(&answer.payload)).into());
            let result = if succeeded { Ok(answer) } else { failure() };
            drop(waiting.send(result));
        }
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::ACCEPTED;
        response
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        let polled = self.polled.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(polled) = polled {
            let _ = polled.send(now());
        }
        let event = self.events.lock().await.recv().await.unwrap_or_default();
        let mut response = Response::new(Full::new(event));
        let deadline = deadline_ms().to_string();
        for (name, value) in [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
            ("lambda-runtime-deadline-ms", deadline.as_str()),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench"),
            ("lambda-runtime-trace-id", "Root=1-6742a1b0-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0"),
        ] {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// The present; this crate measures real time.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the deadline that Lambda gives is one of the real clock")]
fn deadline_ms() -> u128 {
    (SystemTime::now() + PATIENCE).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
