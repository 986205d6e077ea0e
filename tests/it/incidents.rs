//! Simulates each incident of docs/operations.md on the development stack. The queries of the page must find the log lines
//! of the incident, and the alarms that the page names must be raised.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use acceptance::access_log::AccessLog;
use acceptance::dynamodb::{Proxy, TABLE, TableFault};
use acceptance::insights::Filter;
use acceptance::log_lines::LogLines;
use acceptance::project;
use acceptance::test_app::{Answer, TestApp, view};
use acceptance::watch::Watch;
use devstack::Fault;
use dynabind::upstream::Http;
use http::Method;
use serde_json::{Value, json};
use tracing::Level;

mod commands;

/// A section of the page's chapter on incidents.
struct Incident {
    title: &'static str,
    /// Names of alarms, in the order of the page.
    alarms: Vec<&'static str>,
    /// The filters of its queries over the functions' logs.
    functions: Vec<Filter>,
    /// The filters of its queries over the access log.
    access: Vec<Filter>,
}

static PAGE: LazyLock<String> = LazyLock::new(|| project::text("docs/operations.md"));

/// The incidents in the order of the page.
fn incidents() -> Vec<Incident> {
    let (_, chapter) = PAGE.split_once("\n## Incidents\n").unwrap();
    let chapter = chapter.split("\n## ").next().unwrap();
    chapter.split("\n### ").skip(1).map(incident).collect()
}

fn incident(section: &'static str) -> Incident {
    let (title, body) = section.split_once('\n').unwrap();
    let told = body.split("Alarm").nth(1).unwrap_or_default().split("\n\n").next().unwrap();
    let alarms = told.split('[').skip(1).filter_map(|rest| rest.split_once("](#")).map(|(name, _)| name).collect();
    let queries = |group: &str| {
        let call = format!("insights \"${group}\" ");
        let calls = body.split(&call).skip(1);
        calls.filter_map(|rest| Filter::of_query(rest.split('\'').nth(1).unwrap())).collect()
    };
    Incident { title, alarms, functions: queries("FUNCTIONS"), access: queries("ACCESS") }
}

fn named(title: &str) -> Incident {
    incidents().into_iter().find(|incident| incident.title == title).unwrap_or_else(|| panic!("no incident {title}"))
}

/// The logs and the metrics of one incident.
#[derive(Default)]
struct Played {
    lines: Vec<Value>,
    access: AccessLog,
    watch: Watch,
}

impl Played {
    /// Adds the lines of a log, and the statuses of their answers.
    fn note(&mut self, log: &LogLines, answers: &[Answer]) {
        let lines = log.take();
        for line in lines.iter().filter(|line| line["message"] == "request") {
            self.watch.read(line);
        }
        self.lines.extend(lines);
        for answer in answers {
            self.watch.request(answer.status);
        }
    }

    /// Fails unless every query of the page finds a line, and every alarm is raised.
    fn assert_is_what_the_page_says(&self, title: &str) {
        let incident = named(title);
        assert!(!incident.functions.is_empty() || !incident.access.is_empty(), "{title}: no query");
        for filter in incident.functions.iter().filter(|filter| !filter.is_of_lambda()) {
            assert!(self.lines.iter().any(|line| filter.matches(line)), "{title}: nothing for {filter:?}");
        }
        for filter in &incident.access {
            assert!(self.access.lines().iter().any(|line| filter.matches(line)), "{title}: nothing for {filter:?}");
        }
        for alarm in &incident.alarms {
            assert!(self.watch.is_raised(alarm, &self.access), "{title}: {alarm} is quiet: {:#?}", self.watch);
        }
    }
}

async fn ask(app: &TestApp, times: usize) -> Vec<Answer> {
    let mut answers = Vec::new();
    for _ in 0..times {
        answers.push(app.config("carl@contoso", view("sales", "contoso-plan")).await);
    }
    answers
}

fn outage() -> Fault {
    Fault::Status { status: 503, headers: BTreeMap::from([("retry-after".into(), "0".into())]), body: String::new() }
}

#[test]
fn there_are_ten_with_steps_and_their_alarms_exist() {
    let incidents = incidents();
    assert_eq!(incidents.len(), 10);
    let template = project::yaml("template.yaml");
    for incident in incidents {
        let (_, body) = PAGE.split_once(&format!("\n### {}\n", incident.title)).unwrap();
        let body = body.split("\n### ").next().unwrap();
        assert!(body.contains("\n1. ") && body.contains("\n2. ") && body.contains("\n```sh\n"), "{}", incident.title);
        assert!(body.contains("Severity") || incident.alarms.is_empty(), "{}", incident.title);
        let command = body.find("```sh").unwrap();
        assert!(command < body.find("\n1. ").unwrap(), "{}: commands come first", incident.title);
        for alarm in incident.alarms {
            assert_eq!(template["Resources"][alarm]["Type"], "AWS::CloudWatch::Alarm", "{alarm}");
        }
    }
}

#[tokio::test]
async fn entra_is_down() {
    let (log, app) = (LogLines::at(Level::INFO), TestApp::open().await);
    let mut played = Played::default();
    played.note(&log, &ask(&app, 1).await);
    app.stack.entra().fail("*", outage(), None);
    // After 50 minutes, the renewal of the access token fails, but the old token still works. Requests fail after it has expired.
    for minutes in [50, 60] {
        app.clock.advance(Duration::from_mins(minutes));
        let answers = ask(&app, 4).await;
        assert_eq!(answers[0].status, if minutes == 50 { 200 } else { 502 });
        played.note(&log, &answers);
    }
    played.assert_is_what_the_page_says("Entra is down");
}

#[tokio::test]
async fn the_secret_was_rotated_wrongly() {
    let (log, app) = (LogLines::at(Level::INFO), TestApp::open().await);
    let mut played = Played::default();
    let good = app.stack.stored_secret();
    played.note(&log, &ask(&app, 1).await);
    let mut wrong: Value = serde_json::from_str(&good).unwrap();
    wrong["clientSecret"] = json!("the secret's id instead of its value");
    app.stack.store_secret(wrong.to_string());
    for minutes in [50, 60] {
        app.clock.advance(Duration::from_mins(minutes));
        let answers = ask(&app, 3).await;
        assert_eq!(answers[0].status, if minutes == 50 { 200 } else { 502 });
        played.note(&log, &answers);
    }
    played.assert_is_what_the_page_says("The secret was rotated wrongly");
    // The remedy of the page: the previous version becomes the current one again.
    app.stack.store_secret(good);
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(ask(&app, 1).await[0].status, 200);
}

#[tokio::test]
async fn the_dataset_of_one_tenant_was_deleted() {
    let (log, app) = (LogLines::at(Level::INFO), TestApp::open().await);
    let mut played = Played::default();
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(app.token("quinn@contoso", view("sales", "contoso-archive")).await);
    }
    answers[0].assert_problem(502, "upstream-rejected");
    assert_eq!(app.config("frida@fabrikam", view("sales", "fabrikam-sales")).await.status, 200, "another tenant");
    played.note(&log, &answers);
    let rejected = played.lines.iter().find(|line| line["problem"] == "upstream-rejected").unwrap();
    assert_eq!(rejected["bindings"], "view sales contoso-archive", "the line has the catalog's keys");
    played.assert_is_what_the_page_says("One tenant's dataset was deleted");
}

#[tokio::test]
async fn power_bi_throttles() {
    let (log, app) = (LogLines::at(Level::INFO), TestApp::open().await);
    let mut played = Played::default();
    played.note(&log, &ask(&app, 1).await);
    app.stack.powerbi().fail("*GenerateToken", Fault::throttled(0), None);
    for minutes in [50, 60] {
        app.clock.advance(Duration::from_mins(minutes));
        let answers = ask(&app, 3).await;
        assert_eq!(answers[0].status, if minutes == 50 { 200 } else { 503 });
        played.note(&log, &answers);
    }
    let asked = "GenerateToken 429";
    let refused = played.lines.iter().find(|line| line["upstream"].as_str().is_some_and(|calls| calls.contains(asked)));
    assert_eq!(
        refused.unwrap()["tenant"],
        "contoso",
        "the line of a request that got no token has the caller's tenant"
    );
    played.assert_is_what_the_page_says("Power BI throttles");
}

#[tokio::test]
async fn a_peak_of_cold_starts() {
    let log = LogLines::at(Level::INFO);
    let mut played = Played::default();
    for _ in 0..3 {
        let app = TestApp::open().await;
        played.note(&log, &ask(&app, 1).await);
    }
    // Metrics that only Lambda and the gateway measure: slow requests at the peak, and requests over the account's limit.
    played.watch.platform("AWS/ApiGateway", "Latency", 3_400.0);
    played.watch.platform("AWS/Lambda", "Throttles", 3.0);
    for _ in 0..3 {
        played.watch.request(503);
    }
    played.assert_is_what_the_page_says("Cold-start peak");
}

#[tokio::test]
async fn dynamodb_throttles() {
    let log = LogLines::at(Level::INFO);
    let proxy = Proxy::start("http://127.0.0.1:9".to_owned()).await;
    proxy.fault(TableFault::Error(400, "ProvisionedThroughputExceededException"), usize::MAX);
    let catalog = format!("dynamodb:{TABLE}");
    let url = proxy.url();
    let variables = [("DYNABIND_CATALOG", catalog.as_str()), ("AWS_ENDPOINT_URL_DYNAMODB", url.as_str())];
    let app = TestApp::with_variables(&variables).await;
    let mut played = Played::default();
    let answers = ask(&app, 3).await;
    answers[0].assert_problem(503, "upstream-throttled");
    played.note(&log, &answers);
    // A throttled table is also slow. In this test, no request waits for it.
    played.watch.platform("Dynabind/dynabind", "DynamoDbLatency", 240.0);
    played.assert_is_what_the_page_says("DynamoDB throttles");
}

/// The lines that the real binary writes when it does not start.
fn lines_of_a_start_with(catalog: &str) -> Vec<Value> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), catalog).unwrap();
    let output = Command::new(project::binary("token"))
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"),
            ("AWS_LAMBDA_FUNCTION_NAME", "token"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("DYNABIND_SECRET_ID", "x"),
            ("DYNABIND_CATALOG", &format!("file:{}", file.path().display())),
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success(), "it starts with that catalog");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_broken_catalog_was_deployed() {
    let log = LogLines::at(Level::INFO);
    let mut played = Played::default();
    let broken = r#"{"reports":{},"datasets":{},"tenants":{"contoso":{"grants":[{"reports":["gone"]}]}}}"#;
    let lines = tokio::task::spawn_blocking(|| lines_of_a_start_with(broken)).await.unwrap();
    assert!(lines.iter().any(|line| line["place"].as_str().is_some_and(|place| place.contains("/tenants/contoso"))));
    played.lines.extend(lines);
    played.watch.platform("AWS/Lambda", "Errors", 3.0);
    // This catalog is valid, but lacks the tenant.
    let app = TestApp::with_catalog(json!({ "reports": {}, "datasets": {}, "tenants": {} })).await;
    let answers = ask(&app, 50).await;
    answers[0].assert_problem(403, "not-entitled");
    played.note(&log, &answers);
    played.assert_is_what_the_page_says("A broken catalog was deployed");
}

#[tokio::test]
async fn the_issuer_changed_its_keys() {
    let app = TestApp::open().await;
    let mut played = Played::default();
    let good = app.stack.token_for("carl@contoso");
    let (signed, signature) = good.rsplit_once('.').unwrap();
    // The token is signed by a key that the gateway does not know.
    let other = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    let client = Http::new(None, Duration::from_secs(30)).unwrap();
    for (token, expected) in [(&good, 200), (&other, 401), (&other, 401), (&other, 401)] {
        let url = format!("{}/datasets", app.stack.url()).parse().unwrap();
        let status = client.request(Method::GET, url).bearer_auth(token).send().await.unwrap().status().as_u16();
        assert_eq!(status, expected);
        played.watch.request(status);
        let by_the_gateway = status == 401;
        played.access.add(status, by_the_gateway, if by_the_gateway { "The token has an unknown key" } else { "-" });
    }
    played.watch.platform("AWS/Events", "FailedInvocations", 1.0);
    played.assert_is_what_the_page_says("The issuer changed its keys");
}

#[tokio::test]
async fn a_page_asks_in_a_loop() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::with_variables(&[("DYNABIND_FRESH_TOKENS_PER_MINUTE", "5")]).await;
    let mut played = Played::default();
    let mut answers = Vec::new();
    for minutes in 20..40 {
        // Each request has a new lifetime, so each needs a new token.
        let mut body = view("sales", "contoso-plan");
        body["lifetimeMinutes"] = json!(minutes);
        answers.push(app.token("carl@contoso", body).await);
    }
    answers[19].assert_problem(429, "too-many-requests");
    played.note(&log, &answers);
    let refused = played.lines.iter().find(|line| line["problem"] == "too-many-requests").unwrap();
    assert_eq!(refused["cause"], "the caller requested too many fresh tokens, so Power BI was not called");
    // The gateway's own limit is reached too.
    for _ in 0..3 {
        played.watch.request(429);
        played.access.add(429, true, "-");
    }
    played.assert_is_what_the_page_says("A page asks in a loop");
}

#[tokio::test]
async fn who_saw_what_is_in_the_audit_lines() {
    let (log, app) = (LogLines::at(Level::INFO), TestApp::open().await);
    let mut played = Played::default();
    let answers = ask(&app, 2).await;
    let subject = app.stack.claims_of("carl@contoso")["sub"].as_str().unwrap().to_owned();
    played.note(&log, &answers);
    // The query of docs/operations.md is for this subject.
    for line in &mut played.lines {
        if line["subject"] == subject.as_str() {
            line["subject"] = json!("SUBJECT");
        }
    }
    played.access.answered("SUBJECT", 200);
    let audits: BTreeSet<_> = played.lines.iter().filter_map(|line| line["token_id"].as_str()).collect();
    assert_eq!(audits.len(), 1, "one token, returned twice");
    let names = json!(played.lines).to_string();
    for personal in ["carl@contoso.example", "email", "preferred_username"] {
        assert!(!names.contains(&format!("\"{personal}\"")), "{personal} is in a line");
    }
    played.assert_is_what_the_page_says("Who saw what");
}
