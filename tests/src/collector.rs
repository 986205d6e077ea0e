//! An OpenTelemetry collector that records what it receives.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;

/// How a collector behaves.
#[derive(Clone, Copy, Debug)]
pub enum CollectorBehaviour {
    /// It answers with this status.
    Answers(StatusCode),
    /// It reads the request and never answers.
    Hangs,
    /// It refuses connections.
    RefusesConnections,
}

/// A collector, for as long as the test's runtime lives.
pub struct Collector {
    /// The value for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub url: String,
    posted: Arc<Mutex<Vec<Bytes>>>,
}

impl Collector {
    /// Starts a collector on loopback.
    pub async fn start(behaviour: CollectorBehaviour) -> Self {
        let posted = Arc::new(Mutex::new(Vec::new()));
        let received = Arc::clone(&posted);
        let take = async move |body: Bytes| {
            received.lock().unwrap().push(body);
            match behaviour {
                CollectorBehaviour::Answers(status) => status,
                CollectorBehaviour::Hangs | CollectorBehaviour::RefusesConnections => std::future::pending().await,
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/traces", post(take));
        if matches!(behaviour, CollectorBehaviour::RefusesConnections) {
            drop(listener);
        } else {
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        Self { url, posted }
    }

    /// The bodies since the last call.
    #[must_use]
    pub fn take_posted(&self) -> Vec<Bytes> {
        std::mem::take(&mut *self.posted.lock().unwrap())
    }

    /// The messages since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<ExportTraceServiceRequest> {
        self.take_posted().into_iter().map(|body| ExportTraceServiceRequest::decode(body).unwrap()).collect()
    }
}

/// The spans of messages.
#[must_use]
pub fn spans_of(messages: &[ExportTraceServiceRequest]) -> Vec<&Span> {
    let scopes = messages.iter().flat_map(|message| &message.resource_spans).flat_map(|of| &of.scope_spans);
    scopes.flat_map(|scope| &scope.spans).collect()
}

/// An attribute as text; empty if it is absent.
#[must_use]
pub fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name).and_then(|found| found.value.as_ref());
    match found {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text.clone(),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        Some(AnyValue { value: Some(Value::BoolValue(truth)) }) => truth.to_string(),
        Some(other) => panic!("{name}: {other:?}"),
        None => String::new(),
    }
}

/// An id's bytes as hexadecimal digits.
#[must_use]
pub fn hex(id: &[u8]) -> String {
    let mut digits = String::new();
    for byte in id {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits
}
