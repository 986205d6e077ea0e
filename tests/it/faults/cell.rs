//! One cell of the matrix: one failure of one call in one state of the caches.

use std::time::Duration;

use acceptance::log_lines::LogLines;
use acceptance::test_app::{Answer, TestApp};
use devstack::FakeService;
use serde_json::Value;

use super::failure::{Failure, UPSTREAM_TEXT};
use super::route::{Request, Route};

/// The longest time that a request may take, for any failure of an upstream. Lambda's timeout is longer.
const MAX_DURATION_MS: u64 = 15_000;

/// The content of the caches when the call fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CacheState {
    /// Nothing.
    Cold,
    /// Everything except the result of this call.
    OnlyThisMissing,
    /// Everything, with an old result of this call.
    Stale,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) state: CacheState,
    pub(super) failure: Failure,
    pub(super) route: Route,
    /// Whether environments share tokens in a table that works.
    pub(super) has_store: bool,
}

/// A request's answer and its line in the log.
struct Served {
    answer: Answer,
    line: Value,
}

impl Cell {
    /// Runs the cell, makes the checks that apply to every failure, and returns the outcome as the matrix names it.
    pub(super) async fn run(self, log: &LogLines) -> String {
        let slow = matches!(self.failure, Failure::Hang | Failure::SlowDrip);
        let app = self.route.app(slow, self.has_store).await;
        let request = self.prepare(&app).await;
        let upstream = app.stack.upstream(self.route.service()).unwrap();
        self.start_failing(upstream).await;
        app.stack.log().clear();
        let served = ask(&app, log, &request).await;
        self.check(&served);
        let attempts = match self.attempts(&served.line, upstream) {
            1..=3 if self.may_be_cut_short() => "1–3".to_owned(),
            attempts => attempts.to_string(),
        };
        let outcome = format!("{} ×{attempts}", outcome(&served.answer));

        upstream.clear_faults();
        upstream.accept_connections().await;
        app.clock.advance(Duration::from_secs(31));
        let after = ask(&app, log, &request).await;
        assert_eq!(
            after.answer.status, 200,
            "{self:?}: fails after the upstream has recovered: {:#}",
            after.answer.body
        );
        assert!(!after.answer.body.to_string().contains("lookup-failed"), "{self:?}: {:#}", after.answer.body);
        outcome
    }

    /// Brings the caches into the state, and returns the request that will meet the failure.
    async fn prepare(self, app: &TestApp) -> Request {
        let [first, other] = self.route.requests();
        if self.state == CacheState::Cold {
            return first;
        }
        let _ = put(app, &first).await.ok();
        match (self.state, self.route) {
            (CacheState::OnlyThisMissing, Route::GetSecretValue) => {
                // Neither the access token nor the secret is still valid.
                app.stack.rotate_secret();
                app.stack.revoke_access_tokens();
            }
            (CacheState::OnlyThisMissing, Route::GetWebIdentityToken) => app.clock.advance(Duration::from_secs(301)),
            (CacheState::OnlyThisMissing, Route::EntraToken) => app.stack.revoke_access_tokens(),
            (CacheState::Stale, route) => app.clock.advance(route.stale_after()),
            _ => {}
        }
        if self.state == CacheState::Stale && self.route.is_cached_per_request() { first } else { other }
    }

    async fn start_failing(self, upstream: &FakeService) {
        match self.failure.fault(self.route.service()) {
            Some(fault) => upstream.fail(&self.route.pattern(), fault, None),
            None => upstream.refuse_connections().await,
        }
    }

    /// The number of attempts. The log and the stand-in must agree.
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

    /// Makes the checks that apply to every failure: the log has the cause, the upstream's text stays hidden, the request ends in
    /// time.
    fn check(self, Served { answer, line }: &Served) {
        assert!(!answer.body.to_string().contains(UPSTREAM_TEXT), "{self:?}: {:#}", answer.body);
        let level = if answer.status == 502 { "ERROR" } else { "WARN" };
        assert_eq!(line["level"], level, "{self:?}: {line:#}");
        assert_eq!(line["status"], answer.status, "{self:?}");
        assert_eq!(line["problem"].as_str().unwrap_or_default(), answer.code(), "{self:?}");
        assert!(line["duration_ms"].as_u64().unwrap() < MAX_DURATION_MS, "{self:?}: {line:#}");
        // If a rotated secret cannot be read, Entra's refusal is the cause.
        let entra_is_the_cause = (self.state, self.route) == (CacheState::OnlyThisMissing, Route::GetSecretValue);
        let (upstream, code) = if entra_is_the_cause {
            ("Entra", Some("AADSTS7000215"))
        } else {
            (self.route.upstream(), self.failure.code(self.route.service()))
        };
        let cause = line["cause"].as_str().unwrap_or_default();
        assert!(cause.starts_with(&format!("{upstream}: ")), "{self:?}: {line:#}");
        assert!(cause.contains(&format!("{}: ", self.route.upstream())), "{self:?}: {line:#}");
        assert_eq!(line["upstream_code"].as_str(), code, "{self:?}: {line:#}");
    }

    /// Whether another call may end this one early. Of two parallel calls to a host that is down, the first that fails ends the
    /// other.
    fn may_be_cut_short(self) -> bool {
        let beside_generate_token = matches!(self.route, Route::GetReport | Route::GetDataset);
        self.failure == Failure::ConnectionRefused && beside_generate_token && self.state != CacheState::Stale
    }
}

/// The outcome of a request, as the matrix names it.
fn outcome(answer: &Answer) -> String {
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

async fn put(app: &TestApp, (method, path, user, body): &Request) -> Answer {
    app.call(method, path, Some(user), body.clone()).await
}

async fn ask(app: &TestApp, log: &LogLines, (method, path, user, body): &Request) -> Served {
    let event = app.stack.event(method, path, Some(user), body.as_ref());
    let id = event["requestContext"]["requestId"].as_str().unwrap().to_owned();
    let answer = app.send(event).await;
    Served { answer, line: log.request(&id) }
}
