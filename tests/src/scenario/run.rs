//! Runs a scenario in one environment and compares every answer with the oracle.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use dynabind::clock::Clock as _;
use fuzz::environment::{Environment, TOKEN_TABLE};
use fuzz::events;
use fuzz::gateway::{Answer, block_on};
use fuzz::oracle::{Contents, Issued, Oracle, RequestEvent, breaches, faults};
use serde_json::Value;

use super::{Scenario, fault_of, seconds};
use crate::generated::powerbi_of;

/// The default of `DYNABIND_METADATA_TTL_SECONDS`.
const METADATA_TTL: Duration = Duration::from_mins(10);

/// How long answers may show a fault after it has ended: a failed look-up is cached for 30 s.
const AFTERMATH: Duration = Duration::from_mins(1);

/// During an outage, a cached token is returned while it has more than this left.
const MIN_LIFETIME_IN_OUTAGE: Duration = Duration::from_mins(1);

/// The default of `DYNABIND_MIN_TOKEN_MINUTES`.
const MIN_TOKEN: Duration = Duration::from_mins(15);

/// Counts of the situations that a scenario has reached, so that a test can require them.
#[derive(Debug, Default)]
pub struct Tally {
    /// Tokens that were made for the request that received them.
    pub fresh: usize,
    /// Tokens that came from a cache.
    pub cached: usize,
    /// Cached tokens that another caller's request had made.
    pub shared: usize,
    /// Requests that received a token although a fault was injected.
    pub survived: usize,
    /// Requests that were answered with 5xx.
    pub failed: usize,
    /// The codes of all answers: `ok`, or the code of a problem.
    pub codes: BTreeSet<String>,
}

struct Run<'s> {
    scenario: &'s Scenario,
    environment: Environment,
    oracle: Oracle,
    /// The earlier contents of the workspaces, each with the time until which they were current.
    past: Vec<(SystemTime, Contents)>,
    is_faulty: bool,
    last_fault: Option<SystemTime>,
    /// Each token with the number of the caller for whom it was made.
    makers: Vec<(String, Value)>,
    tally: Tally,
    environments: Environments,
}

/// The environments in which a scenario runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Environments {
    /// All requests in one environment.
    One,
    /// Each request in a new environment. The environments share tokens and look-ups through a table.
    Sharing,
}

impl<'s> Run<'s> {
    async fn open(scenario: &'s Scenario, environments: Environments) -> Self {
        let powerbi = powerbi_of(scenario.catalog());
        let oracle = Oracle {
            catalog: scenario.catalog().clone(),
            own_datasets: powerbi.own_datasets.clone(),
            ..Oracle::default()
        };
        let store =
            if environments == Environments::Sharing { format!("dynamodb:{TOKEN_TABLE}") } else { String::new() };
        let more = [("DYNABIND_FRESH_TOKENS_PER_MINUTE", "10000"), ("DYNABIND_TOKEN_STORE", store.as_str())];
        let environment = Environment::open(&scenario.catalog().to_string(), powerbi, &more).await.unwrap();
        let (past, makers, tally) = (Vec::new(), Vec::new(), Tally::default());
        Self { scenario, environment, oracle, past, is_faulty: false, last_fault: None, makers, tally, environments }
    }

    /// Takes one step, and returns the violations that it shows.
    async fn step(&mut self, step: &Value) -> Vec<String> {
        if let Some(by) = seconds(&step["advance"]) {
            self.environment.clock.advance(by);
        } else if let Some(life) = seconds(&step["accessTokenLife"]) {
            self.environment.set_access_token_life(life);
        } else if let Some(dataset) = step["move"]["dataset"].as_str() {
            self.past.push((self.environment.clock.now(), self.environment.contents()));
            self.environment.move_dataset(dataset, step["move"]["to"].as_str());
        } else if let Some(route) = step["fail"]["route"].as_str() {
            for _ in 0..step["fail"]["times"].as_u64().unwrap_or(1) {
                self.environment.fail(route, fault_of(&step["fail"]["how"]));
            }
            self.is_faulty = true;
        } else {
            return self.ask(&step["ask"]).await;
        }
        Vec::new()
    }

    async fn ask(&mut self, ask: &Value) -> Vec<String> {
        if self.environments == Environments::Sharing {
            self.environment.restart();
        }
        let caller = self.scenario.caller(&ask["caller"]);
        let function = if ask["function"] == "config" { "config" } else { "token" };
        let event = events::post(caller.kind, function, &caller.claims, &ask["body"]);
        (self.oracle.possible, self.oracle.certain) = self.trusted_contents();
        let answer = self.send(function, &event).await;
        let issued = answer.token().map(|token| (token.to_owned(), self.environment.issued(token)));
        let asked = RequestEvent::new(&event);
        let found = match &issued {
            Some((token, None)) => vec![format!("{token} is not a token of Power BI")],
            Some((token, Some(issued))) => {
                self.count(token, issued, &ask["caller"]);
                let mut found = self.violations(&asked, &answer, Some(issued));
                found.extend(self.lifetime_violations(&answer, issued));
                found
            }
            None => self.violations(&asked, &answer, None),
        };
        self.tally.codes.insert(answer.code().to_owned());
        self.tally.survived += usize::from(self.is_faulty && answer.status == 200);
        self.tally.failed += usize::from(answer.status >= 500);
        self.is_faulty = false;
        found
    }

    /// Sends an event. If an upstream fails, tokio's time is paused, so that waiting takes no real time.
    async fn send(&mut self, function: &'static str, event: &Value) -> Answer {
        if !self.is_faulty {
            return self.environment.send(function, event).await;
        }
        self.last_fault = Some(self.environment.clock.now());
        let paused = Paused::begin();
        let answer = self.environment.send(function, event).await;
        drop(paused);
        self.environment.clear_faults();
        answer
    }

    /// Without faults, the answer must be that of the contract. With faults, it must not allow more.
    fn violations(&self, asked: &RequestEvent<'_>, answer: &Answer, issued: Option<&Issued>) -> Vec<String> {
        let is_quiet = self.last_fault.is_none_or(|at| self.environment.clock.now() > at + AFTERMATH);
        let mut found = if is_quiet {
            faults(&self.oracle, asked, answer.code(), &answer.body, issued)
        } else {
            breaches(&self.oracle, asked, &answer.body, issued)
        };
        if answer.status == 500 {
            found.push("an internal error".to_owned());
        }
        found
    }

    /// A returned token must be valid, and the answer must not promise a longer lifetime.
    fn lifetime_violations(&self, answer: &Answer, issued: &Issued) -> Vec<String> {
        let now = self.environment.clock.now();
        let left = issued.expires.duration_since(now).unwrap_or_default();
        let life = issued.expires.duration_since(issued.at).unwrap_or_default();
        let is_quiet = self.last_fault.is_none_or(|at| now > at + AFTERMATH);
        let least = if is_quiet { MIN_TOKEN.min(life / 2) } else { MIN_LIFETIME_IN_OUTAGE };
        let mut found = Vec::new();
        if left.is_zero() || (issued.at < now && left < least) {
            found.push(format!("a token of {life:?} is returned with {left:?} left"));
        }
        if answer.body["lifetimeSeconds"].as_u64().is_some_and(|seconds| seconds > left.as_secs()) {
            found.push(format!("the answer promises {} s of {left:?}", answer.body["lifetimeSeconds"]));
        }
        found
    }

    fn count(&mut self, token: &str, issued: &Issued, caller: &Value) {
        let maker = self.makers.iter().find(|(known, _)| known == token).map(|(_, maker)| maker.clone());
        match maker {
            Some(maker) => self.tally.shared += usize::from(maker != *caller),
            None => self.makers.push((token.to_owned(), caller.clone())),
        }
        let is_fresh = issued.at == self.environment.clock.now();
        self.tally.fresh += usize::from(is_fresh);
        self.tally.cached += usize::from(!is_fresh);
    }

    /// The datasets that each workspace held at some time, and at every time, within the age at which a list is still used.
    fn trusted_contents(&self) -> (Contents, Contents) {
        let (mut possible, mut certain) = (self.environment.contents(), self.environment.contents());
        let oldest = self.environment.clock.now() - METADATA_TTL;
        for (_, past) in self.past.iter().filter(|(until, _)| *until >= oldest) {
            for (workspace, datasets) in past {
                possible.entry(workspace.clone()).or_default().extend(datasets.iter().cloned());
            }
            for (workspace, datasets) in &mut certain {
                datasets.retain(|dataset| past.get(workspace).is_some_and(|past| past.contains(dataset)));
            }
        }
        (possible, certain)
    }
}

/// Pauses tokio's time until it is dropped, even if a check panics.
struct Paused;

impl Paused {
    fn begin() -> Self {
        tokio::time::pause();
        Self
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}

/// Runs a scenario until an answer is wrong.
///
/// # Errors
/// The violations, the upstream calls, and the scenario up to that step as JSON.
pub fn run_scenario(scenario: &Scenario) -> Result<Tally, String> {
    run_scenario_in(Environments::One, scenario)
}

/// Runs a scenario in these environments until an answer is wrong.
///
/// # Errors
/// The same errors as those of [`run_scenario`].
pub fn run_scenario_in(environments: Environments, scenario: &Scenario) -> Result<Tally, String> {
    block_on(async {
        let mut run = Run::open(scenario, environments).await;
        for (number, step) in scenario.steps().iter().enumerate() {
            let found = run.step(step).await;
            if !found.is_empty() {
                let calls = run.environment.take_calls();
                let so_far = scenario.until(number);
                return Err(format!("step {number}, {step}:\n{found:#?}\nupstream calls: {calls:#?}\n{so_far:?}"));
            }
        }
        Ok(run.tally)
    })
}
