//! OpenTelemetry's spans: one for a request, one for each attempt at an upstream.
//!
//! They are made from the request's trace when its answer is known. They are sent before the answer, because Lambda
//! freezes the environment after it. Their names follow the semantic conventions for HTTP and for functions as a
//! service, if these define a name.

mod parent;

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::clock::Pacer;
use crate::request::{RequestContext, UpstreamCall};
use crate::settings::Collector;
use crate::upstream::Http;
use crate::validation::{ValidationError, ValidationErrors};

pub use parent::parent_of;

/// The longest time that an answer waits for the collector. Together with the time for writing the answer, it fits into
/// the margin before Lambda's own deadline.
pub const LONGEST: Duration = Duration::from_millis(200);

/// The shortest time between two log lines about spans that could not be sent.
const COMPLAINT_PAUSE: Duration = Duration::from_mins(1);

/// Makes spans and sends them to a collector.
pub struct Spans {
    // An exporter takes one request at a time.
    exporter: Mutex<SpanExporter>,
    ids: RandomIdGenerator,
    scope: InstrumentationScope,
    complaints: Pacer,
}

/// A request that has its answer.
#[derive(Debug)]
pub struct Served {
    /// The parent span; invalid for a root span.
    pub parent: SpanContext,
    /// The route's method.
    pub method: http::Method,
    /// The route's path.
    pub route: &'static str,
    /// The answer's status.
    pub status: http::StatusCode,
    /// The problem's code.
    pub problem: Option<&'static str>,
    /// Whether it was the environment's first request.
    pub cold_start: bool,
}

impl Spans {
    /// Spans for the collector, sent through `http`.
    ///
    /// # Errors
    /// Which settings the exporter does not accept.
    pub fn new(collector: &Collector, http: Http) -> Result<Self, ValidationErrors> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender(http))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(collector.traces_url.as_str())
            .with_timeout(LONGEST)
            // Between attempts the exporter would put the whole thread to sleep.
            .with_retry_policy(RetryPolicy::default().with_max_retries(0))
            .build();
        let mut exporter = exporter.map_err(|error| {
            ValidationErrors(vec![ValidationError {
                place: "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
                detail: error.to_string(),
            }])
        })?;
        exporter.set_resource(&resource_of(collector));
        let scope = InstrumentationScope::builder("dynabind").with_version(env!("CARGO_PKG_VERSION")).build();
        let (exporter, complaints) = (Mutex::new(exporter), Pacer::new(COMPLAINT_PAUSE));
        Ok(Self { exporter, ids: RandomIdGenerator::default(), scope, complaints })
    }

    /// Sends the spans of a request, unless its trace is not sampled. It takes
    /// [`LONGEST`] at most, and a failure does not affect the request.
    pub async fn export(&self, context: &RequestContext, served: &Served, now: SystemTime) {
        if served.parent.is_valid() && !served.parent.is_sampled() {
            return;
        }
        let spans = self.spans_of(context, served, now);
        let sent = timeout(LONGEST, async { self.exporter.lock().await.export(spans).await }).await;
        if !matches!(sent, Ok(Ok(()))) && self.complaints.may(now) {
            tracing::warn!(request_id = context.ids().request, "spans of requests could not be sent to the collector");
        }
    }

    fn spans_of(&self, request: &RequestContext, served: &Served, now: SystemTime) -> Vec<SpanData> {
        let trace_id = if served.parent.is_valid() { served.parent.trace_id() } else { self.ids.new_trace_id() };
        let context =
            || SpanContext::new(trace_id, self.ids.new_span_id(), TraceFlags::SAMPLED, false, TraceState::default());
        let ended = Instant::now();
        let at = |instant: Instant| now - ended.saturating_duration_since(instant);
        let root = SpanData {
            parent_span_id: served.parent.span_id(),
            parent_span_is_remote: served.parent.is_valid(),
            attributes: attributes_of(request, served),
            status: status_of(served.status.is_server_error().then(|| served.problem.unwrap_or("internal").into())),
            ..self.span(context(), SpanKind::Server, name_of(served), (at(request.started()), now))
        };
        let parent = root.span_context.span_id();
        let mut spans = vec![root];
        spans.extend(request.trace().upstream_calls.iter().map(|attempt| {
            let times = (at(attempt.started), at(attempt.started + attempt.elapsed));
            let span = self.span(context(), SpanKind::Client, attempt.route.into(), times);
            SpanData { parent_span_id: parent, ..of_attempt(attempt, span) }
        }));
        spans
    }

    fn span(
        &self,
        span_context: SpanContext,
        span_kind: SpanKind,
        name: Cow<'static, str>,
        (start_time, end_time): (SystemTime, SystemTime),
    ) -> SpanData {
        SpanData {
            span_context,
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind,
            name,
            start_time,
            end_time,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }
}

fn name_of(served: &Served) -> Cow<'static, str> {
    format!("{} {}", served.method, served.route).into()
}

fn attributes_of(context: &RequestContext, served: &Served) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("http.request.method", served.method.to_string()),
        KeyValue::new("http.route", served.route),
        KeyValue::new("http.response.status_code", i64::from(served.status.as_u16())),
        KeyValue::new("faas.trigger", "http"),
        KeyValue::new("faas.coldstart", served.cold_start),
        KeyValue::new("faas.invocation_id", context.ids().lambda_request.clone()),
        KeyValue::new("dynabind.request_id", context.ids().request.clone()),
    ];
    if let Some(problem) = served.problem {
        attributes.push(KeyValue::new("dynabind.problem", problem));
        let is_ours = served.status.is_server_error();
        attributes.extend(is_ours.then(|| KeyValue::new("error.type", problem)));
    }
    attributes
}

fn of_attempt(attempt: &UpstreamCall, span: SpanData) -> SpanData {
    let outcome = attempt.outcome;
    let mut attributes = vec![KeyValue::new("peer.service", attempt.upstream.to_string())];
    if let Some(status) = outcome.status() {
        attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
    }
    let error = (!outcome.is_success()).then(|| outcome.to_string());
    attributes.extend(error.clone().map(|error| KeyValue::new("error.type", error)));
    SpanData { attributes, status: status_of(error.map(Cow::from)), ..span }
}

fn status_of(error: Option<Cow<'static, str>>) -> Status {
    error.map_or(Status::Unset, Status::error)
}

fn resource_of(collector: &Collector) -> Resource {
    let lambda = [
        ("faas.name", &collector.function_name),
        ("faas.version", &collector.function_version),
        ("cloud.region", &collector.region),
    ];
    let known = lambda.into_iter().filter_map(|(name, value)| Some(KeyValue::new(name, value.clone()?)));
    let attributes = known.chain([
        KeyValue::new("service.name", collector.service_name.clone()),
        KeyValue::new("cloud.provider", "aws"),
        KeyValue::new("cloud.platform", "aws_lambda"),
    ]);
    Resource::builder_empty().with_attributes(attributes).build()
}

/// Our HTTP client, with the interface that OpenTelemetry requires.
#[derive(Debug)]
struct Sender(Http);

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let reply = self.0.execute(request.map(|body| body.to_vec())).await;
        let reply = reply.map_err(|_| "the collector gives no answer")?;
        let mut response = http::Response::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        Ok(response)
    }
}
