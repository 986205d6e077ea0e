//! One cell of the matrix: one failure of one call in one state of the caches.

use std::time::Duration;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{Answer, TestApp};
use devstack::FakeService;
use serde_json::Value;

use super::failure::{Failure, TOLD};
use super::route::{Question, Route};

/// No request may take longer, whatever an upstream does; Lambda's own limit is further away.
const BOUND_MS: u64 = 15_000;

/// What is at hand when the call fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// Nothing at all.
    Cold,
    /// Everything but an answer to this call.
    Warm,
    /// Everything, and an old answer to this call.
    Kept,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) state: State,
    pub(super) failure: Failure,
    pub(super) route: Route,
}

/// A request's answer and its line in the log.
struct Served {
    answer: Answer,
    line: Value,
}

impl Cell {
    /// Plays the cell, and says in the words of the matrix how the request ended.
    ///
    /// Everything else that holds for every failure is held here.
    pub(super) async fn play(self, log: &LogLines) -> String {
        let slow = matches!(self.failure, Failure::Hang | Failure::SlowDrip);
        let app = self.route.app(slow).await;
        let question = self.prepare(&app).await;
        let upstream = app.stack.upstream(self.route.service()).unwrap();
        self.befall(upstream).await;
        app.stack.log().clear();
        let served = ask(&app, log, &question).await;
        self.check(&served);
        let attempts = match self.attempts(&served.line, upstream) {
            1..=3 if self.shares_its_end() => "1–3".to_owned(),
            attempts => attempts.to_string(),
        };
        let words = format!("{} ×{attempts}", ending(&served.answer));

        upstream.clear_faults();
        upstream.accept_connections().await;
        app.clock.advance(Duration::from_secs(31));
        let after = ask(&app, log, &question).await;
        assert_eq!(after.answer.status, 200, "{self:?}: not usable afterwards: {:#}", after.answer.body);
        assert!(!after.answer.body.to_string().contains("lookup-failed"), "{self:?}: {:#}", after.answer.body);
        words
    }

    /// Brings the caches into the state, and returns the question that will meet the failure.
    async fn prepare(self, app: &TestApp) -> Question {
        let [first, other] = self.route.questions();
        if self.state == State::Cold {
            return first;
        }
        let _ = put(app, &first).await.ok();
        match (self.state, self.route) {
            (State::Warm, Route::GetSecretValue) => {
                // Both the access token and the secret are of no use any more.
                app.stack.rotate_secret();
                app.stack.revoke_access_tokens();
            }
            (State::Warm, Route::GetWebIdentityToken) => app.clock.advance(Duration::from_secs(301)),
            (State::Warm, Route::EntraToken) => app.stack.revoke_access_tokens(),
            (State::Kept, route) => app.clock.advance(route.old_after()),
            _ => {}
        }
        if self.state == State::Kept && self.route.is_kept_by_question() { first } else { other }
    }

    async fn befall(self, upstream: &FakeService) {
        match self.failure.fault(self.route.service()) {
            Some(fault) => upstream.fail(&self.route.pattern(), fault, None),
            None => upstream.refuse_connections().await,
        }
    }

    /// How often the call was tried: the log and the stand-in have to agree.
    fn attempts(self, line: &Value, upstream: &FakeService) -> usize {
        let logged = line["upstream"].as_str().unwrap_or_default();
        let name = format!("{} ", self.route.name());
        let outcomes = logged.split(", ").filter_map(|call| call.strip_prefix(&name)?.split(' ').next());
        let failed =
            outcomes.inspect(|outcome| assert_eq!(*outcome, self.failure.outcome(), "{self:?}: {logged}")).count();
        let calls = upstream.requests();
        assert!(calls.iter().all(|call| !call.path.contains("stolen")), "{self:?}: a redirect was followed");
        let arrived = calls.iter().filter(|call| self.route.is(call)).count();
        match self.failure {
            Failure::ConnectionRefused => assert_eq!(arrived, 0, "{self:?}: {logged}"),
            // On a busy machine an attempt may time out before it arrives.
            Failure::Hang | Failure::SlowDrip => assert!(arrived <= failed, "{self:?}: {logged}"),
            _ => assert_eq!(arrived, failed, "{self:?}: {logged}"),
        }
        failed
    }

    /// What no failure may change: the log tells the cause, nobody is told what the upstream said, there is an end.
    fn check(self, Served { answer, line }: &Served) {
        assert!(!answer.body.to_string().contains(TOLD), "{self:?}: {:#}", answer.body);
        let level = if answer.status == 502 { "ERROR" } else { "WARN" };
        assert_eq!(line["level"], level, "{self:?}: {line:#}");
        assert_eq!(line["status"], answer.status, "{self:?}");
        assert_eq!(line["problem"].as_str().unwrap_or_default(), answer.code(), "{self:?}");
        assert!(line["duration_ms"].as_u64().unwrap() < BOUND_MS, "{self:?}: {line:#}");
        // A rotated secret that cannot be read leaves Entra's refusal standing, which is the cause.
        let leaves_a_refusal = (self.state, self.route) == (State::Warm, Route::GetSecretValue);
        let (upstream, code) = if leaves_a_refusal {
            ("Entra", Some("AADSTS7000215"))
        } else {
            (self.route.upstream(), self.failure.code(self.route.service()))
        };
        let cause = line["cause"].as_str().unwrap_or_default();
        assert!(cause.starts_with(&format!("{upstream}: ")), "{self:?}: {line:#}");
        assert!(cause.contains(&format!("{}: ", self.route.upstream())), "{self:?}: {line:#}");
        assert_eq!(line["upstream_code"].as_str(), code, "{self:?}: {line:#}");
    }

    /// Two calls to a host that is down end each other's attempts.
    fn shares_its_end(self) -> bool {
        let beside_generate_token = matches!(self.route, Route::GetReport | Route::GetDataset);
        self.failure == Failure::ConnectionRefused && beside_generate_token && self.state != State::Kept
    }
}

/// How the request ended, in the words of the matrix.
fn ending(answer: &Answer) -> String {
    let lookup_failed = answer.body.to_string().contains("lookup-failed");
    let word = match answer.code() {
        "" if lookup_failed => "marked",
        "" => "kept",
        "credentials-unavailable" => "unavailable",
        code => code.trim_start_matches("upstream-"),
    };
    match answer.header("retry-after") {
        "" => word.to_owned(),
        seconds => format!("{word} {seconds} s"),
    }
}

async fn put(app: &TestApp, (method, path, user, body): &Question) -> Answer {
    app.call(method, path, Some(user), body.clone()).await
}

async fn ask(app: &TestApp, log: &LogLines, (method, path, user, body): &Question) -> Served {
    let event = app.stack.event(method, path, Some(user), body.as_ref());
    let id = event["requestContext"]["requestId"].as_str().unwrap().to_owned();
    let answer = app.send(event).await;
    Served { answer, line: log.request(&id) }
}
