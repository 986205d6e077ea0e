//! The spans of requests, as an OpenTelemetry collector receives them.

use std::collections::BTreeSet;

use acceptance::collector::{Collector, CollectorBehaviour, attribute, hex, spans_of};
use acceptance::log_lines::LogLines;
use acceptance::project;
use acceptance::test_app::{TestApp, view};
use devstack::Fault;
use dynabind::spans::LONGEST;
use http::StatusCode;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use serde_json::{Value, json};
use tokio::time::Instant;
use tracing::Level;

const ACCEPTS: CollectorBehaviour = CollectorBehaviour::Answers(StatusCode::OK);

/// The attributes that `docs/operations.md` documents.
fn documented() -> BTreeSet<String> {
    let text = project::text("docs/operations.md");
    let section = text.split("\n### ").find(|section| section.starts_with("Spans\n")).unwrap();
    let cells = section.lines().filter(|line| line.starts_with("| `")).map(|row| row.rsplit(" | ").next().unwrap());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

async fn app_for(collector: &Collector) -> TestApp {
    TestApp::with_variables(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("AWS_LAMBDA_FUNCTION_NAME", "dynabind-config"),
    ])
    .await
}

fn event(app: &TestApp) -> Value {
    app.stack.event("POST", "/config", Some("ana@contoso"), Some(&view("sales", "contoso-sales")))
}

#[tokio::test]
async fn a_cold_request_is_one_trace_below_lambdas_segment() {
    let collector = Collector::start(ACCEPTS).await;
    let app = app_for(&collector).await;
    let mut event = event(&app);
    event["headers"]["x-amzn-trace-id"] = json!("Root=1-5759e988-bd862e3fe1be46a994272793");
    let _ = app.send(event.clone()).await.ok();
    let messages = collector.take();
    assert_eq!(messages.len(), 1, "one message for each request");
    let resource = &messages[0].resource_spans[0].resource.as_ref().unwrap().attributes;
    assert_eq!(["service.name", "faas.name"].map(|name| attribute(resource, name)), ["dynabind-config"; 2]);

    let spans = spans_of(&messages);
    let root = spans[0];
    assert_eq!((root.name.as_str(), root.kind()), ("POST /config", SpanKind::Server));
    assert_eq!(hex(&root.parent_span_id), "53995c3f42cd8ad8");
    let id = event["requestContext"]["requestId"].as_str().unwrap();
    for (name, expected) in [
        ("http.route", "/config"),
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("faas.trigger", "http"),
        ("faas.coldstart", "true"),
        ("dynabind.request_id", id),
        ("dynabind.problem", ""),
        ("error.type", ""),
    ] {
        assert_eq!(attribute(&root.attributes, name), expected, "{name}");
    }
    let mut attempts: Vec<_> = spans[1..].iter().map(|span| span.name.as_str()).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, ["EntraToken", "GenerateToken", "GetReport", "GetSecretValue"]);
    for span in &spans {
        assert_eq!(hex(&span.trace_id), "5759e988bd862e3fe1be46a994272793");
        assert!(span.start_time_unix_nano >= root.start_time_unix_nano, "{span:?}");
        assert!((span.start_time_unix_nano..=root.end_time_unix_nano).contains(&span.end_time_unix_nano), "{span:?}");
    }
    for span in &spans[1..] {
        assert_eq!((span.kind(), &span.parent_span_id), (SpanKind::Client, &root.span_id));
        assert_eq!(attribute(&span.attributes, "http.response.status_code"), "200");
    }
}

#[tokio::test]
async fn a_failed_span_has_its_cause_and_no_secret() {
    let collector = Collector::start(ACCEPTS).await;
    let app = app_for(&collector).await;
    let event = event(&app);
    let mut answers = vec![app.send(event.clone()).await.ok()];
    let echo = Fault::Status { status: 403, headers: [].into(), body: app.stack.stored_secret() };
    app.stack.powerbi().fail("*", echo, None);
    app.clock.advance(std::time::Duration::from_hours(2));
    let answer = app.send(event.clone()).await;
    answer.assert_problem(502, "upstream-refused");
    answers.push(answer.body);
    let secrets = crate::secrecy::secrets_of(&app, &event, &answers);
    let posted = collector.take_posted();
    let texts: Vec<_> = posted.iter().map(|body| String::from_utf8_lossy(body)).collect();
    assert!(texts.len() == 2 && texts[1].contains("upstream-refused"));
    for text in &texts {
        assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())), "a secret in {text}");
        assert!(!text.contains("ana@") && !text.contains("contoso"), "only the log names the caller: {text}");
    }

    let _ = app.send(event).await;
    let messages = collector.take();
    let spans = spans_of(&messages);
    let failed = |index: usize| (spans[index].status.as_ref().unwrap().code(), spans[index].name.as_str());
    assert_eq!(failed(0), (SpanStatus::Error, "POST /config"));
    assert_eq!(attribute(&spans[0].attributes, "error.type"), "upstream-refused");
    let refused = spans[1..].iter().filter(|span| attribute(&span.attributes, "error.type") == "403");
    assert!(refused.clone().count() > 0);
    assert!(refused.into_iter().all(|span| attribute(&span.attributes, "peer.service") == "Power BI"));
    let sent = spans.iter().flat_map(|span| &span.attributes).map(|attribute| attribute.key.clone());
    assert_eq!(sent.collect::<BTreeSet<_>>(), documented());
}

#[tokio::test]
async fn unsampled_requests_send_no_spans() {
    let collector = Collector::start(ACCEPTS).await;
    let app = app_for(&collector).await;
    let mut event = event(&app);
    event["headers"]["x-amzn-trace-id"] = json!("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0");
    let _ = app.send(event).await.ok();
    assert_eq!(collector.take().len(), 0);
}

#[tokio::test]
async fn a_failing_collector_costs_little_time_and_one_warning() {
    let failing = CollectorBehaviour::Answers(StatusCode::SERVICE_UNAVAILABLE);
    for (behaviour, posts) in
        [(CollectorBehaviour::Hangs, 3), (failing, 3), (CollectorBehaviour::RefusesConnections, 0)]
    {
        let collector = Collector::start(behaviour).await;
        let log = LogLines::at(Level::WARN);
        let app = app_for(&collector).await;
        let event = event(&app);
        let _ = app.send(event.clone()).await.ok();
        for _ in 0..2 {
            let started = Instant::now();
            let _ = app.send(event.clone()).await.ok();
            // A cached answer takes a millisecond, and the machine may be busy.
            assert!(started.elapsed() < LONGEST * 2, "{:?}", started.elapsed());
        }
        assert_eq!(collector.take().len(), posts, "no attempt is repeated");
        assert_eq!(log.take().len(), 1, "one warning, and not one for every request");
    }
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_sent() {
    let app = TestApp::open().await;
    let _ = app.send(event(&app)).await.ok();
    let faulty = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example.com")];
    let faulty = devstack::StackOptions {
        variables: faulty.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..Default::default()
    };
    let fault = devstack::Stack::start(faulty).await.err().unwrap().to_string();
    assert!(fault.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{fault}");
}
