//! `POST /timings`: the load times that pages report become metrics. Nothing else in the request becomes a metric.

use acceptance::embedded_metrics;
use acceptance::log_lines::LogLines;
use acceptance::test_app::{Answer, TestApp, view};
use devstack::fake_tenant::ids;
use serde_json::{Value, json};
use tracing::Level;

async fn report(app: &TestApp, user: &str, body: Value) -> Answer {
    app.call("POST", "/timings", Some(user), Some(body)).await
}

fn rendered(report: &str) -> Value {
    json!({ "report": report, "outcome": "rendered", "configMs": 312, "loadedMs": 640, "renderedMs": 850 })
}

fn lines(log: &LogLines) -> Vec<Value> {
    log.take().into_iter().filter(|line| line["message"] == "timings").collect()
}

#[tokio::test]
async fn timings_become_metrics_by_report_and_as_a_whole() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let failed = json!({ "report": "sales", "outcome": "failed", "configMs": 5000, "renderedMs": 9 });
    let bare = json!({ "report": "ops", "outcome": "rendered" });
    let body = json!({ "timings": [rendered("sales"), failed, bare, rendered("ops")] });
    let answer = report(&app, "ana@contoso", body).await;
    assert_eq!((answer.status, &answer.body), (204, &Value::Null));
    assert!(app.upstream_calls().is_empty());
    let lines = lines(&log);
    let keys: Vec<_> = lines.iter().map(|line| line["Report"].as_str().unwrap()).collect();
    assert_eq!(keys, ["ops", "sales"]);
    assert_eq!((&lines[0]["ViewerRendered"], &lines[0]["ViewerFailures"]), (&json!([850]), &Value::Null));
    assert_eq!((&lines[1]["ViewerConfig"], &lines[1]["ViewerLoaded"]), (&json!([312, 5000]), &json!([640])));
    assert_eq!((&lines[1]["ViewerRendered"], &lines[1]["ViewerFailures"]), (&json!([850]), &json!(1)));
    let sets = &lines[1]["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
    assert_eq!(sets, &json!([[], ["Report"]]));
    for line in &lines {
        assert!(!embedded_metrics::read(line).is_empty());
        assert!(!line.to_string().contains("ana"), "{line}");
    }
}

#[tokio::test]
async fn invalid_timings_are_refused_with_a_pointer() {
    let app = TestApp::open().await;
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "timings": [] }), "/timings"),
        (json!({ "timings": vec![rendered("sales"); 51] }), "/timings"),
        (json!({ "timings": [{ "outcome": "rendered" }] }), "/timings/0"),
        (json!({ "timings": [{ "report": "sales" }] }), "/timings/0"),
        (json!({ "timings": [{ "report": "a b", "outcome": "rendered" }] }), "/timings/0/report"),
        (json!({ "timings": [{ "report": "sales", "outcome": "shown" }] }), "/timings/0/outcome"),
        (json!({ "timings": [{ "report": "sales", "outcome": "failed", "configMs": -1 }] }), "/timings/0/configMs"),
        (
            json!({ "timings": [{ "report": "sales", "outcome": "failed", "loadedMs": 600_001 }] }),
            "/timings/0/loadedMs",
        ),
        (
            json!({ "timings": [{ "report": "sales", "outcome": "failed", "renderedMs": 1.5 }] }),
            "/timings/0/renderedMs",
        ),
        (json!({ "timings": [{ "report": "sales", "outcome": "failed", "user": "ana" }] }), "/timings/0/user"),
        (json!({ "timings": [rendered("sales")], "token": "x" }), "/token"),
    ] {
        let answer = report(&app, "ana@contoso", body.clone()).await;
        answer.assert_problem(400, "invalid-request");
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
    let long = json!({ "timings": [rendered("sales")], "more": "x".repeat(8 * 1024) });
    report(&app, "ana@contoso", long).await.assert_problem(413, "payload-too-large");
    app.call("GET", "/timings", Some("ana@contoso"), None).await.assert_problem(405, "method-not-allowed");
    app.call("POST", "/timings", None, Some(json!({ "timings": [rendered("sales")] })))
        .await
        .assert_problem(401, "unauthenticated");
}

/// If a caller could name any report, the caller could make any number of metrics, and learn which keys exist.
#[tokio::test]
async fn a_report_that_the_grants_do_not_name_is_refused_and_not_counted() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    for (user, key) in [("carl@contoso", "ops"), ("carl@contoso", "nothing"), ("nils@northwind", "sales")] {
        let answer = report(&app, user, json!({ "timings": [rendered(key)] })).await;
        answer.assert_problem(403, "not-entitled");
    }
    let guid = ids::CONTOSO_PLAN;
    report(&app, "carl@contoso", json!({ "timings": [rendered(guid)] })).await.assert_problem(403, "not-entitled");
    assert!(lines(&log).is_empty());
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
}

#[tokio::test]
async fn an_environment_has_separate_metrics_for_at_most_a_hundred_reports() {
    let log = LogLines::at(Level::INFO);
    let mut catalog = acceptance::project::json("devstack/demo/catalog.json");
    let keys: Vec<_> = (0..120).map(|number| format!("r{number:03}")).collect();
    for key in &keys {
        catalog["reports"][key] = catalog["reports"]["sales"].clone();
    }
    catalog["tenants"]["contoso"]["grants"] = json!([{ "reports": keys, "datasets": ["contoso-plan"] }]);
    let app = TestApp::with_catalog(catalog).await;
    for part in keys.chunks(40) {
        let timings: Vec<_> =
            part.iter().map(|key| json!({ "report": key, "outcome": "rendered", "renderedMs": 1 })).collect();
        assert_eq!(report(&app, "carl@contoso", json!({ "timings": timings })).await.status, 204);
    }
    let lines = lines(&log);
    assert_eq!(lines.len(), 101);
    let other = lines.iter().find(|line| line["Report"] == "other").unwrap();
    assert_eq!(other["ViewerRendered"].as_array().unwrap().len(), 20);
}
