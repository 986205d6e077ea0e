//! The functions from gateway event to gateway answer, with stand-ins for their upstreams and a manual clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::body::to_bytes;
use devstack::{Service, Stack, StackOptions};
use dynabind::clock::SystemClock;
use dynabind::telemetry;
use http::HeaderMap;
use serde_json::{Value, json};
use test_support::clock::ManualClock;
use tracing::Level;

use crate::{openapi, swagger};

const MAX_LAMBDA_TIMEOUT: Duration = Duration::from_mins(15);

static ENABLE_ALL_LEVELS: Once = Once::new();

/// The three functions and their upstreams.
pub struct TestApp {
    /// The stand-ins.
    pub stack: Stack,
    /// The clock of the functions and the stand-ins.
    pub clock: Arc<ManualClock>,
    /// The sequence number of the last upstream call that was checked against the published schema.
    checked: AtomicU64,
}

/// A function's answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, which is JSON; null if it is empty.
    pub body: Value,
}

impl Answer {
    /// The problem's code; empty for a success.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().trim_start_matches("urn:dynabind:problem:")
    }

    /// A header's text; empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Fails unless it is a 200.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    /// Fails unless it is this problem with this status.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{:#}", self.body);
    }

    /// The pointers of the faults.
    #[must_use]
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect()
    }
}

impl TestApp {
    /// An app with the demo's catalog and tenant.
    pub async fn open() -> Self {
        Self::with(StackOptions::default()).await
    }

    /// An app with these options. The clock is always the manual one.
    pub async fn with(options: StackOptions) -> Self {
        ENABLE_ALL_LEVELS.call_once(|| {
            // `LogLines` only receives levels that are enabled for the whole process.
            let discard = telemetry::subscriber(Level::TRACE, Arc::new(SystemClock), Arc::new(|_| {}));
            tracing::subscriber::set_global_default(discard).unwrap();
        });
        let clock = Arc::new(ManualClock::default());
        let stack = Stack::start(StackOptions { clock: Arc::clone(&clock) as _, ..options }).await.unwrap();
        Self { stack, clock, checked: AtomicU64::new(0) }
    }

    /// An app with this catalog.
    pub async fn with_catalog(catalog: Value) -> Self {
        Self::with(StackOptions { catalog: Some(catalog), ..StackOptions::default() }).await
    }

    /// An app whose functions have these variables besides those of the stack.
    pub async fn with_variables(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::with(StackOptions { variables, ..StackOptions::default() }).await
    }

    /// `POST /token`.
    pub async fn token(&self, user: &str, body: Value) -> Answer {
        self.call("POST", "/token", Some(user), Some(body)).await
    }

    /// `POST /config`.
    pub async fn config(&self, user: &str, body: Value) -> Answer {
        self.call("POST", "/config", Some(user), Some(body)).await
    }

    /// `GET /datasets`, with a query.
    pub async fn datasets(&self, user: &str, query: &str) -> Answer {
        self.call("GET", &format!("/datasets{query}"), Some(user), None).await
    }

    /// Any request.
    pub async fn call(&self, method: &str, path: &str, user: Option<&str>, body: Option<Value>) -> Answer {
        let event = self.stack.event(method, path, user, body.as_ref());
        self.send(event).await
    }

    /// Sends an event. The answer must match `openapi.yaml`, and `GenerateToken` requests must match the published schema.
    pub async fn send(&self, event: Value) -> Answer {
        self.send_within(event, MAX_LAMBDA_TIMEOUT).await
    }

    /// Sends an event to a function whose timeout is `limit`.
    pub async fn send_within(&self, event: Value, limit: Duration) -> Answer {
        let http = &event["requestContext"]["http"];
        let (method, path) = (http["method"].as_str().unwrap().to_owned(), http["path"].as_str().unwrap().to_owned());
        let function = if path == "/timings" { "datasets" } else { path.trim_start_matches('/') };
        let response = self.stack.invoke_within(function, event, limit).await;
        self.check_token_requests();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        assert_eq!(answer.header("cache-control"), "no-store");
        openapi::assert_response(&method, &path, answer.status, answer.header("content-type"), &answer.body);
        answer
    }

    /// Checks each new `GenerateToken` request against the schema that Microsoft publishes.
    fn check_token_requests(&self) {
        let calls = self.stack.log().of(Service::PowerBi);
        let last = calls.last().map_or(0, |call| call.sequence);
        let checked = self.checked.fetch_max(last, Ordering::Relaxed);
        swagger::assert_calls(calls.iter().filter(|call| call.sequence > checked));
    }

    /// The upstream calls since the last call of this method, as `METHOD path`.
    #[must_use]
    pub fn upstream_calls(&self) -> Vec<String> {
        self.check_token_requests();
        let calls = self.stack.log().all();
        self.stack.log().clear();
        let names = calls.into_iter().map(|call| match call.service {
            Service::SecretsManager => "GetSecretValue".to_owned(),
            Service::Sts => "GetWebIdentityToken".to_owned(),
            Service::Entra => "EntraToken".to_owned(),
            Service::DynamoDb => call.header("x-amz-target").unwrap_or_default().to_owned(),
            Service::PowerBi => format!("{} {}", call.method, call.path.trim_start_matches("/v1.0/myorg/")),
            Service::Fabric => format!("{} {}", call.method, call.path),
        });
        names.collect()
    }

    /// The bodies of the `GenerateToken` calls since the last call of this method.
    #[must_use]
    pub fn token_requests(&self) -> Vec<Value> {
        self.check_token_requests();
        let calls = self.stack.log().all();
        self.stack.log().clear();
        calls.into_iter().filter(|call| call.path.ends_with("GenerateToken")).map(|call| call.body).collect()
    }
}

/// Checks the calls that were made after the last answer.
impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_token_requests();
        }
    }
}

/// A body with one binding in mode `view`.
#[must_use]
pub fn view(report: &str, dataset: &str) -> Value {
    json!({ "bindings": [{ "report": report, "dataset": dataset }] })
}
