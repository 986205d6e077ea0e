//! Many requests in one environment at the same time, as on Lambda Managed Instances.

use std::collections::BTreeSet;
use std::time::Duration;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{Answer, TestApp, view};
use devstack::{Fault, Service};
use futures_util::future::join_all;
use futures_util::{FutureExt, pin_mut};
use serde_json::json;
use tracing::Level;

const GENERATE: &str = "POST /v1.0/myorg/GenerateToken";

/// Waits until an upstream has been asked.
async fn asked(app: &TestApp, service: Service) {
    while app.stack.upstream(service).unwrap().requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn token_id(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{:#}", answer.body);
    answer.body["tokenId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn many_at_once_cost_as_much_as_one() {
    let app = TestApp::open().await;
    let asks = (0..100).map(|_| app.config("carl@contoso", view("sales", "contoso-plan")));
    let tokens: BTreeSet<_> = join_all(asks).await.iter().map(token_id).collect();
    assert_eq!(tokens.len(), 1);
    let mut calls = app.upstream_calls();
    assert_eq!(calls.drain(..2).collect::<Vec<_>>(), ["GetSecretValue", "EntraToken"]);
    // These two go out side by side.
    calls.sort();
    assert!(calls.len() == 2 && calls[0].contains("/reports/") && calls[1] == "POST GenerateToken", "{calls:?}");
}

#[tokio::test]
async fn a_hundred_requests_make_one_token_for_each_distinct_grant() {
    let app = TestApp::open().await;
    // Without an identity Ana's and Carl's tokens are one; with it they are two; Frida's is another.
    let asks = [
        ("ana@contoso", "contoso-plan"),
        ("carl@contoso", "contoso-plan"),
        ("ana@contoso", "contoso-sales"),
        ("carl@contoso", "contoso-sales"),
        ("frida@fabrikam", "fabrikam-sales"),
    ];
    let asks = asks.iter().cycle().take(100);
    let answers = join_all(asks.map(|(user, dataset)| app.config(user, view("sales", dataset)))).await;
    let tokens: BTreeSet<_> = answers.iter().map(token_id).collect();
    assert_eq!(tokens.len(), 4);
    let calls = app.upstream_calls();
    let count = |name: &str| calls.iter().filter(|call| call.contains(name)).count();
    assert_eq!((count("GetSecretValue"), count("EntraToken"), count("GenerateToken")), (1, 1, 4), "{calls:?}");
    // Frida's tenant has a profile, and so a view of the report of its own.
    assert_eq!((count("/reports/"), calls.len()), (2, 8), "{calls:?}");
}

#[tokio::test]
async fn a_slow_tenant_does_not_hold_up_another() {
    for route in [GENERATE, "GET /v1.0/myorg/groups/*/reports/*"] {
        let app = TestApp::open().await;
        let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
        // For Frida everything is new; her call is the first that the fault befalls.
        app.stack.powerbi().clear_calls();
        app.stack.powerbi().fail(route, Fault::Delay { delay_ms: 60_000 }, Some(1));
        let slow = app.config("frida@fabrikam", view("sales", "fabrikam-sales"));
        pin_mut!(slow);
        tokio::select! {
            answer = &mut slow => panic!("{route}: not slow: {answer:?}"),
            () = asked(&app, Service::PowerBi) => {}
        }
        let _ = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
        let _ = app.config("ana@contoso", view("ops", "contoso-plan")).await.ok();
        assert!(slow.now_or_never().is_none(), "{route}: still slow");
    }
}

/// Whoever waits for another's call has more time than the other, perhaps.
#[tokio::test]
async fn one_who_runs_out_of_time_takes_nobody_along() {
    for (service, route) in [(Service::SecretsManager, "*"), (Service::Entra, "*"), (Service::PowerBi, GENERATE)] {
        let app = TestApp::open().await;
        let upstream = app.stack.upstream(service).unwrap();
        upstream.fail(route, Fault::Hang, Some(1));
        let event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
        let hurried = app.send_within(event, Duration::from_millis(1200));
        let patient = async {
            asked(&app, service).await;
            join_all((0..10).map(|_| app.token("carl@contoso", view("sales", "contoso-plan")))).await
        };
        let (hurried, patient) = tokio::join!(hurried, patient);
        hurried.assert_problem(504, "upstream-timeout");
        let tokens: BTreeSet<_> = patient.iter().map(token_id).collect();
        assert_eq!(tokens.len(), 1, "{service:?}");
        assert_eq!(upstream.requests().len(), 2, "{service:?}: one for the hurried, one for all the others");
    }
}

#[tokio::test]
async fn one_who_waits_for_anothers_call_ends_in_time() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    app.stack.entra().fail("*", Fault::Hang, Some(1));
    let event = || app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    let patient = app.send(event());
    let hurried = async {
        asked(&app, Service::Entra).await;
        let event = event();
        let id = event["requestContext"]["requestId"].as_str().unwrap().to_owned();
        (app.send_within(event, Duration::from_millis(1200)).await, log.request(&id))
    };
    let (patient, (hurried, line)) = tokio::join!(patient, hurried);
    hurried.assert_problem(504, "upstream-timeout");
    assert!(line["cause"].as_str().unwrap().contains("another request"), "{line:#}");
    token_id(&patient);
}

/// Failures are shared as well: an outage is not made worse by those who wait.
#[tokio::test]
async fn a_hundred_requests_fail_with_the_attempts_of_one() {
    let app = TestApp::open().await;
    app.stack.entra().fail("*", Fault::HtmlBadGateway, None);
    let body = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan" }] });
    for answer in join_all((0..100).map(|_| app.token("carl@contoso", body.clone()))).await {
        answer.assert_problem(502, "upstream-failed");
    }
    assert_eq!(app.stack.entra().requests().len(), 3);
}
