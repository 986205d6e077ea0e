//! A stand-in for the part of Fabric that returns definitions: 202, operations, results, throttling, refusals.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// The state of the stand-in.
#[derive(Default)]
pub(crate) struct FakeFabric {
    /// The text of `model.bim` by dataset; any other model is the demo's.
    pub(crate) models: BTreeMap<String, Value>,
    /// Items whose definitions are refused.
    pub(crate) refused: Vec<String>,
    /// Every n-th call is throttled.
    pub(crate) throttle_every: Option<usize>,
    /// How often each item's definition was requested.
    pub(crate) asked: BTreeMap<String, usize>,
    /// After this number of results, operations never end.
    pub(crate) hang_after: Option<usize>,
    pub(crate) results: usize,
    pub(crate) calls: usize,
    /// Operations: their result, and how often their state was read.
    pub(crate) operations: BTreeMap<String, (Value, usize)>,
}

impl FakeFabric {
    /// Whether operations no longer end.
    pub(crate) fn is_hanging(&self) -> bool {
        self.hang_after.is_some_and(|limit| self.results >= limit)
    }
}

type Shared = Arc<Mutex<FakeFabric>>;

/// Starts the stand-in, and returns its URL.
pub(crate) async fn start(fabric: FakeFabric) -> (String, Shared) {
    let shared: Shared = Arc::new(Mutex::new(fabric));
    let routes = Router::new()
        .route("/v1/workspaces/{workspace}/reports/{id}/getDefinition", post(report))
        .route("/v1/workspaces/{workspace}/semanticModels/{id}/getDefinition", post(model))
        .route("/v1/operations/{id}", get(operation))
        .route("/v1/operations/{id}/result", get(result))
        .with_state(Arc::clone(&shared));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (url, shared)
}

fn parts(path: &str, text: &str) -> Value {
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::STANDARD.encode(text);
    json!({ "definition": { "parts": [{ "path": path, "payload": payload, "payloadType": "InlineBase64" }] } })
}

fn begin(fabric: &Shared, headers: &HeaderMap, id: &str, definition: Value) -> Response {
    let mut fabric = fabric.lock().unwrap();
    assert!(headers.contains_key("authorization"), "no access token");
    fabric.calls += 1;
    if fabric.throttle_every.is_some_and(|n| fabric.calls.is_multiple_of(n)) {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response();
    }
    *fabric.asked.entry(id.to_owned()).or_default() += 1;
    if fabric.refused.iter().any(|refused| refused == id) {
        let body = json!({ "errorCode": "InsufficientPrivileges", "message": "…", "requestId": "1" });
        return (StatusCode::FORBIDDEN, Json(body)).into_response();
    }
    let operation = format!("op-{}", fabric.operations.len());
    fabric.operations.insert(operation.clone(), (definition, 0));
    let location = format!("https://elsewhere.example/v1/operations/{operation}");
    let headers = [("location", location), ("x-ms-operation-id", operation), ("retry-after", "0".to_owned())];
    (StatusCode::ACCEPTED, headers, Json(Value::Null)).into_response()
}

async fn report(State(fabric): State<Shared>, Path((_, id)): Path<(String, String)>, headers: HeaderMap) -> Response {
    begin(&fabric, &headers, &id, parts("report.json", &super::demo_report().to_string()))
}

async fn model(State(fabric): State<Shared>, Path((_, id)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let model = fabric.lock().unwrap().models.get(&id).cloned().unwrap_or_else(super::demo_model);
    begin(&fabric, &headers, &id, parts("model.bim", &model.to_string()))
}

async fn operation(State(fabric): State<Shared>, Path(id): Path<String>) -> Response {
    let mut fabric = fabric.lock().unwrap();
    let hangs = fabric.hang_after.is_some_and(|limit| fabric.results >= limit);
    let Some((_, looks)) = fabric.operations.get_mut(&id) else { return StatusCode::NOT_FOUND.into_response() };
    *looks += usize::from(!hangs || *looks == 0);
    let status = if *looks == 1 { "Running" } else { "Succeeded" };
    ([("retry-after", "0")], Json(json!({ "status": status, "percentComplete": 50 }))).into_response()
}

async fn result(State(fabric): State<Shared>, Path(id): Path<String>) -> Response {
    let mut fabric = fabric.lock().unwrap();
    fabric.results += 1;
    match fabric.operations.get(&id) {
        Some((definition, looks)) if *looks > 1 => Json(definition.clone()).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
