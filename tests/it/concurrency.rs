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

/// Waits until an upstream has received a request.
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
async fn parallel_requests_cost_as_much_as_one() {
    let app = TestApp::open().await;
    let asks = (0..100).map(|_| app.config("carl@contoso", view("sales", "contoso-plan")));
    let tokens: BTreeSet<_> = join_all(asks).await.iter().map(token_id).collect();
    assert_eq!(tokens.len(), 1);
    let mut calls = app.upstream_calls();
    assert_eq!(calls.drain(..2).collect::<Vec<_>>(), ["GetSecretValue", "EntraToken"]);
    // These two calls run in parallel.
    calls.sort();
    assert!(calls.len() == 2 && calls[0].contains("/reports/") && calls[1] == "POST GenerateToken", "{calls:?}");
}

#[tokio::test]
async fn a_hundred_requests_make_one_token_for_each_distinct_grant() {
    let app = TestApp::open().await;
    // Without an identity, Ana and Carl share a token. With an identity, each of them has a separate token. Frida has another one.
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
    // Frida's tenant has a profile, so the metadata of the report is looked up separately.
    assert_eq!((count("/reports/"), calls.len()), (2, 8), "{calls:?}");
}

#[tokio::test]
async fn a_slow_tenant_does_not_delay_another() {
    for route in [GENERATE, "GET /v1.0/myorg/groups/*/reports/*"] {
        let app = TestApp::open().await;
        let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
        // Nothing is cached for Frida, so her call is the first one, which gets the fault.
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

/// A request that waits for the call of another request may have more time left than the other request.
#[tokio::test]
async fn a_request_that_times_out_fails_no_other_request() {
    for (service, route) in [(Service::SecretsManager, "*"), (Service::Entra, "*"), (Service::PowerBi, GENERATE)] {
        let app = TestApp::open().await;
        let upstream = app.stack.upstream(service).unwrap();
        upstream.fail(route, Fault::Hang, Some(1));
        let event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
        let shorter = app.send_within(event, Duration::from_millis(1200));
        let longer = async {
            asked(&app, service).await;
            join_all((0..10).map(|_| app.token("carl@contoso", view("sales", "contoso-plan")))).await
        };
        let (shorter, longer) = tokio::join!(shorter, longer);
        shorter.assert_problem(504, "upstream-timeout");
        let tokens: BTreeSet<_> = longer.iter().map(token_id).collect();
        assert_eq!(tokens.len(), 1, "{service:?}");
        assert_eq!(upstream.requests().len(), 2, "{service:?}: one for the shorter request, one for all others");
    }
}

#[tokio::test]
async fn a_request_that_waits_for_another_ends_at_its_own_deadline() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    app.stack.entra().fail("*", Fault::Hang, Some(1));
    let event = || app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    let longer = app.send(event());
    let shorter = async {
        asked(&app, Service::Entra).await;
        let event = event();
        let id = event["requestContext"]["requestId"].as_str().unwrap().to_owned();
        (app.send_within(event, Duration::from_millis(1200)).await, log.request(&id))
    };
    let (longer, (shorter, line)) = tokio::join!(longer, shorter);
    shorter.assert_problem(504, "upstream-timeout");
    assert!(line["cause"].as_str().unwrap().contains("another request"), "{line:#}");
    token_id(&longer);
}

/// Waiting requests share a failure as well, so that they do not make an outage worse.
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
