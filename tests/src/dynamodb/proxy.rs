//! A proxy between the functions and DynamoDB: it counts calls and injects faults.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dynabind::upstream::Http;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

/// What happens to a call that is not forwarded.
#[derive(Clone, Debug)]
pub enum TableFault {
    /// This status, with the error of this name.
    Error(u16, &'static str),
    /// Half of the keys of a batch stay unprocessed.
    Unprocessed,
    /// No answer for a long time.
    Silence,
    /// An answer that is not JSON.
    Garbage,
}

#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    fault: Option<(TableFault, usize)>,
}

/// A proxy on loopback that ends with the test.
pub struct Proxy {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    task: AbortHandle,
}

#[derive(Clone)]
struct Forwarder {
    target: reqwest::Url,
    http: Http,
    seen: Arc<Mutex<Seen>>,
}

impl Proxy {
    /// Starts a proxy in front of `target`.
    pub async fn start(target: String) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let http = Http::new(None, Duration::from_mins(1)).unwrap();
        let forwarder = Forwarder { target: target.parse().unwrap(), http, seen: Arc::clone(&seen) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(handle).with_state(forwarder);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, seen, task: task.abort_handle() }
    }

    /// The endpoint URL for the AWS SDK.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The operations since the last call of this method.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().calls)
    }

    /// Fails the next `times` calls.
    pub fn fault(&self, fault: TableFault, times: usize) {
        self.seen.lock().unwrap().fault = Some((fault, times));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn handle(State(forwarder): State<Forwarder>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    match forwarder.note(&operation) {
        None => forwarder.forward(headers, body).await,
        Some(TableFault::Error(status, name)) => {
            let body =
                json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "message of AWS" });
            (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
        }
        Some(TableFault::Unprocessed) => forwarder.forward_half(headers, &body).await,
        Some(TableFault::Silence) => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            StatusCode::OK.into_response()
        }
        Some(TableFault::Garbage) => "<html>".into_response(),
    }
}

impl Forwarder {
    /// Records a call, and returns its fault.
    fn note(&self, operation: &str) -> Option<TableFault> {
        let mut seen = self.seen.lock().unwrap();
        seen.calls.push(operation.to_owned());
        let (fault, times) = seen.fault.as_mut()?;
        if matches!(fault, TableFault::Unprocessed) && operation != "BatchGetItem" {
            return None;
        }
        *times = times.checked_sub(1)?;
        Some(fault.clone())
    }

    async fn forward(&self, mut headers: HeaderMap, body: Bytes) -> Response {
        headers.remove(header::HOST);
        headers.remove(header::CONTENT_LENGTH);
        let request = self.http.request(Method::POST, self.target.clone());
        let answer = request.headers(headers).body(body).send().await.unwrap();
        (answer.status(), answer.bytes().await.unwrap()).into_response()
    }

    /// Forwards the first half of the keys, and reports the others as unprocessed.
    async fn forward_half(&self, headers: HeaderMap, body: &Bytes) -> Response {
        let mut request: Value = serde_json::from_slice(body).unwrap();
        let mut rest = request["RequestItems"].clone();
        for (table, wanted) in request["RequestItems"].as_object_mut().unwrap() {
            let keys = wanted["Keys"].as_array_mut().unwrap();
            let late = keys.split_off(keys.len() / 2);
            rest[table]["Keys"] = late.into();
            // DynamoDB refuses a request without keys.
            if wanted["Keys"].as_array().unwrap().is_empty() {
                return json!({ "Responses": {}, "UnprocessedKeys": rest }).to_string().into_response();
            }
        }
        let answer = self.forward(headers, request.to_string().into()).await;
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let mut answer: Value = serde_json::from_slice(&bytes).unwrap();
        answer["UnprocessedKeys"] = rest;
        answer.to_string().into_response()
    }
}
