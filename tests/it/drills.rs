//! Incidents in operation: rotations, frozen environments, clocks that jump, deadlines, panics.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{Answer, TestApp, view};
use devstack::{Fault, RecordedCall, Service};
use dynabind::telemetry::{self, Sink};
use futures_util::future::join_all;
use serde_json::Value;
use test_support::clock::ManualClock;
use tracing::Level;
use tracing::subscriber::DefaultGuard;

/// Forty requests at the same time, of three callers with several tokens each.
async fn load(app: &TestApp) -> Vec<Answer> {
    let asks = [
        ("ana@contoso", "contoso-sales"),
        ("ana@contoso", "contoso-plan"),
        ("carl@contoso", "contoso-sales"),
        ("frida@fabrikam", "fabrikam-sales"),
    ];
    join_all(asks.iter().cycle().take(40).map(|(user, dataset)| app.config(user, view("sales", dataset)))).await
}

fn assert_all_ok(answers: &[Answer], when: &str) {
    for answer in answers {
        assert_eq!(answer.status, 200, "{when}: {:#}", answer.body);
    }
}

#[tokio::test]
async fn revoked_access_tokens_cost_no_request() {
    let app = TestApp::open().await;
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    app.stack.revoke_access_tokens();
    app.stack.log().clear();
    let _ = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(app.upstream_calls(), ["POST GenerateToken", "EntraToken", "POST GenerateToken"]);
}

#[tokio::test]
async fn a_rotation_costs_no_request() {
    let app = TestApp::open().await;
    let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    // The old secret and the tokens made with it stop working immediately.
    app.stack.rotate_secret();
    app.stack.revoke_access_tokens();
    app.stack.log().clear();
    let _ = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(
        app.upstream_calls(),
        ["POST GenerateToken", "EntraToken", "GetSecretValue", "EntraToken", "POST GenerateToken"]
    );
}

/// In the organization scenario each user needs a token, so that Entra refuses the old secret for many requests at the same
/// time.
#[tokio::test]
async fn no_request_fails_when_the_secret_is_rotated_under_load() {
    for scenario in ["customers", "organization"] {
        for overlaps in [true, false] {
            let when = format!("{scenario}, overlapping: {overlaps}");
            let app = TestApp::with_variables(&[("DYNABIND_SCENARIO", scenario)]).await;
            assert_all_ok(&load(&app).await, &when);
            let old = secret_in(&app.stack.stored_secret());
            app.stack.rotate_secret();
            if overlaps {
                app.stack.add_client_secret(&old);
            }
            for minutes in [0, 1, 50, 50] {
                // Every access token has to be requested again.
                app.stack.revoke_access_tokens();
                app.clock.advance(Duration::from_mins(minutes));
                assert_all_ok(&load(&app).await, &when);
            }
            // The overlap of both secrets ends here.
            app.stack.replace_client_secret(&secret_in(&app.stack.stored_secret()));
            app.stack.revoke_access_tokens();
            assert_all_ok(&load(&app).await, &when);
        }
    }
}

fn secret_in(stored: &str) -> String {
    serde_json::from_str::<Value>(stored).unwrap()["clientSecret"].as_str().unwrap().to_owned()
}

/// Freezes the process, as Lambda freezes environments between requests.
async fn freeze(app: &TestApp, seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
    // Secret, access token, embed token and metadata are all requested again.
    app.clock.advance(Duration::from_hours(2));
}

#[tokio::test]
async fn connections_that_died_in_a_freeze_cost_no_request() {
    for seconds in [0, 5, 31, 3600] {
        for service in [Service::SecretsManager, Service::Entra, Service::PowerBi] {
            let log = LogLines::at(Level::INFO);
            let app = TestApp::open().await;
            let body = view("sales", "contoso-plan");
            let _ = app.config("carl@contoso", body.clone()).await.ok();
            app.stack.upstream(service).unwrap().reset_connections();
            freeze(&app, seconds).await;
            let event = app.stack.event("POST", "/config", Some("carl@contoso"), Some(&body));
            let id = event["requestContext"]["requestId"].as_str().unwrap().to_owned();
            let _ = app.send(event).await.ok();
            let calls = log.request(&id)["upstream"].as_str().unwrap().to_owned();
            for call in ["GetSecretValue", "EntraToken", "GenerateToken", "GetReport"] {
                assert!(calls.contains(&format!("{call} 200 ")), "{service:?} after {seconds} s: {calls}");
                let lost = calls.matches(&format!("{call} connection ")).count();
                assert!(lost <= 1, "{service:?} after {seconds} s: {calls}");
            }
        }
    }
}

/// A peer may drop an idle connection silently.
#[tokio::test]
async fn connections_are_used_again_but_not_after_a_freeze() {
    for (seconds, again) in [(0, true), (5, true), (31, false), (3600, false)] {
        let app = TestApp::open().await;
        let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
        let before = app.stack.log().all();
        app.stack.log().clear();
        freeze(&app, seconds).await;
        let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
        let after = app.stack.log().all();
        for service in [Service::SecretsManager, Service::Entra, Service::PowerBi] {
            let of = |calls: &[RecordedCall]| -> BTreeSet<_> {
                calls.iter().filter(|call| call.service == service).map(|call| call.connection).collect()
            };
            let reused = of(&before).intersection(&of(&after)).count();
            assert_eq!(reused > 0, again, "{service:?} after {seconds} s");
        }
    }
}

#[tokio::test]
async fn a_clock_that_jumps_fails_no_request() {
    let app = TestApp::open().await;
    let day = Duration::from_hours(24);
    for jump in [0, 1, 2, 3] {
        match jump {
            1 => app.clock.advance(day),
            2 => app.clock.set_back(2 * day),
            3 => app.clock.advance(2 * day),
            _ => {}
        }
        for dataset in ["contoso-plan", "contoso-sales"] {
            let answer = app.config("carl@contoso", view("sales", dataset)).await;
            assert_eq!(answer.status, 200, "jump {jump}: {:#}", answer.body);
        }
        assert_eq!(app.datasets("carl@contoso", "").await.status, 200, "jump {jump}");
    }
}

/// For every call that can hang, there is an answer before Lambda ends the function.
#[tokio::test]
async fn the_deadline_ends_every_wait() {
    const LIMIT: Duration = Duration::from_millis(2500);
    let run = async |service: Service, route: &str, fault: Fault| {
        let app = TestApp::open().await;
        let upstream = app.stack.upstream(service).unwrap();
        upstream.fail(route, fault, None);
        let event = app.stack.event("POST", "/config", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
        app.send_within(event, LIMIT).await.assert_problem(504, "upstream-timeout");
        upstream.clear_faults();
        let _ = app.config("carl@contoso", view("sales", "contoso-plan")).await.ok();
    };
    let calls = [
        (Service::SecretsManager, "*"),
        (Service::Entra, "*"),
        (Service::PowerBi, "POST /v1.0/myorg/GenerateToken"),
        (Service::PowerBi, "GET /v1.0/myorg/groups/*"),
    ];
    let faults = [Fault::Hang, Fault::SlowDrip { interval_ms: 100 }];
    join_all(calls.iter().flat_map(|(service, route)| faults.iter().map(|fault| run(*service, route, fault.clone()))))
        .await;
}

/// A cached token is returned after a quarter of the remaining time, and not at its end.
#[tokio::test]
async fn a_request_with_a_cached_token_does_not_wait_long_for_a_new_one() {
    let log = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let body = view("sales", "contoso-plan");
    let first = app.token("carl@contoso", body.clone()).await.ok();
    app.clock.advance(Duration::from_mins(50));
    app.stack.powerbi().fail("*", Fault::Hang, None);
    let event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&body));
    let id = event["requestContext"]["requestId"].as_str().unwrap().to_owned();
    let answer = app.send_within(event, Duration::from_millis(8500)).await.ok();
    assert_eq!(answer["tokenId"], first["tokenId"]);
    let took = log.request(&id)["duration_ms"].as_u64().unwrap();
    assert!((1500..6000).contains(&took), "about a quarter of 8 s: {took} ms");
}

/// A log that panics once, at a line with this text.
fn panic_once_at(line: &'static str) -> DefaultGuard {
    let armed = AtomicBool::new(true);
    let sink: Sink = Arc::new(move |written| {
        assert!(!(written.contains(line) && armed.swap(false, Ordering::Relaxed)), "on purpose");
    });
    tracing::subscriber::set_default(telemetry::subscriber(Level::TRACE, Arc::new(ManualClock::default()), sink))
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_request_works() {
    // The first line belongs to one request, the second to all requests that wait for the same token.
    for (line, may_fail) in [("embed token handed out", 1), ("repeating the call with a new one", 40)] {
        let app = TestApp::open().await;
        assert_all_ok(&load(&app).await, "before");
        app.clock.advance(Duration::from_mins(50));
        app.stack.powerbi().fail("POST *", Fault::empty(401, ("x", "y")), Some(1));
        let _panic = panic_once_at(line);
        let answers = load(&app).await;
        let failed: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
        assert!((1..=may_fail).contains(&failed.len()), "{line}: {} failed", failed.len());
        for answer in failed {
            answer.assert_problem(500, "internal");
        }
        assert_all_ok(&load(&app).await, "after");
    }
}
