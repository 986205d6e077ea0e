//! An execution environment of Lambda: the process of a function, and the Runtime API that it polls.

mod runtime_api;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::runtime_api::RuntimeApi;
use crate::Error;

pub use self::runtime_api::{Answer, Invocations};

/// Longer than any operation takes, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// An execution environment. It ends when this value is dropped.
pub struct Environment {
    child: Child,
    started: Instant,
    api: Arc<RuntimeApi>,
    _server: JoinSet<()>,
}

impl Environment {
    /// Starts a function's process with these variables and no others.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(
        binary: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        stdout: Stdio,
    ) -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let api = Arc::<RuntimeApi>::default();
        let mut server = JoinSet::new();
        server.spawn(runtime_api::serve(listener, Arc::clone(&api)));
        let mut command = Command::new(binary);
        command.env_clear().envs(variables).env("AWS_LAMBDA_RUNTIME_API", address);
        command.stdin(Stdio::null()).stdout(stdout).kill_on_drop(true);
        let started = now();
        let child = command.spawn().map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
        Ok(Self { child, started, api, _server: server })
    }

    /// When the process was started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Queues events, each with its request id. The function takes the next event whenever it polls.
    pub fn send(&self, events: impl IntoIterator<Item = (String, Bytes)>) {
        self.api.send(events);
    }

    /// Waits for a condition, and returns the invocations so far.
    ///
    /// # Errors
    /// When the condition does not become true in time. The message has the invocations so far.
    pub async fn wait_until(&self, condition: impl FnMut(&Invocations) -> bool) -> Result<Invocations, Error> {
        let mut invocations = self.api.invocations.subscribe();
        match timeout(PATIENCE, invocations.wait_for(condition)).await {
            Ok(found) => Ok(found?.clone()),
            Err(_) => Err(format!("timed out at {:#?}", self.api.invocations.borrow()).into()),
        }
    }

    /// The time from the start of the process to its first poll for an event.
    ///
    /// # Errors
    /// When the function does not poll in time.
    pub async fn init(&self) -> Result<Duration, Error> {
        let polled = self.wait_until(|invocations| invocations.first_poll.is_some()).await?.first_poll;
        Ok(polled.ok_or("the function has not polled")? - self.started)
    }

    /// Sends one event, and returns the answer, which must be a success.
    ///
    /// # Errors
    /// When there is no answer in time, or the status is not 200.
    pub async fn invoke(&self, event: Bytes) -> Result<Answer, Error> {
        const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
        self.send([(REQUEST_ID.to_owned(), event)]);
        let mut invocations = self.api.invocations.subscribe();
        drop(timeout(PATIENCE, invocations.wait_for(|so_far| so_far.answers.contains_key(REQUEST_ID))).await??);
        let answer = self.api.take_answer(REQUEST_ID).ok_or("the answer is gone")?;
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

/// The trace header of the event with this request id.
#[must_use]
pub fn trace_of(request_id: &str) -> String {
    format!("Root=1-6742a1b0-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0;Lineage={request_id}")
}

/// The current time of the real clock.
#[expect(clippy::disallowed_methods, reason = "a real process runs in real time")]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}
