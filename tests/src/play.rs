//! Plays a scenario against one environment and judges every answer.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use dynabind::clock::Clock as _;
use fuzz::events;
use fuzz::gateway::{Answer, block_on};
use fuzz::oracle::{Asked, Contents, Issued, Oracle, breaches, faults};
use fuzz::site::{Site, TOKEN_TABLE};
use serde_json::Value;

use crate::generated::powerbi_of;
use crate::scenario::{Scenario, fault_of, seconds};

/// `DYNABIND_METADATA_TTL_SECONDS` by default.
const METADATA_TTL: Duration = Duration::from_mins(10);

/// How long after a fault the answers may still show it: a failed look-up is kept for 30 s.
const AFTERMATH: Duration = Duration::from_mins(1);

/// A cached token is handed out during an outage while it has more than this left.
const LEAST_LIFE: Duration = Duration::from_mins(1);

/// `DYNABIND_MIN_TOKEN_MINUTES` by default.
const MIN_TOKEN: Duration = Duration::from_mins(15);

/// What has happened, to see that a test is about anything.
#[derive(Debug, Default)]
pub struct Tally {
    /// Tokens that were made for the request that got them.
    pub fresh: usize,
    /// Tokens that were older than the request that got them.
    pub cached: usize,
    /// Tokens that a caller got and another caller's request had made.
    pub shared: usize,
    /// Requests that a fault met and that got a token nevertheless.
    pub survived: usize,
    /// Requests that were answered with 5xx.
    pub failed: usize,
    /// What was answered: `ok`, or the code of a problem.
    pub codes: BTreeSet<String>,
}

struct Run<'s> {
    scenario: &'s Scenario,
    site: Site,
    oracle: Oracle,
    /// What the workspaces held, each time until they changed.
    past: Vec<(SystemTime, Contents)>,
    is_faulty: bool,
    last_fault: Option<SystemTime>,
    /// By the text of a token, the number of the caller for whom it was made.
    makers: Vec<(String, Value)>,
    tally: Tally,
    environments: Environments,
}

/// In which environments a scenario is played.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Environments {
    /// All in one.
    One,
    /// Each request in a new one; they share tokens and look-ups through a table.
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
        let site = Site::open(&scenario.catalog().to_string(), powerbi, &more).await.unwrap();
        let (past, makers, tally) = (Vec::new(), Vec::new(), Tally::default());
        Self { scenario, site, oracle, past, is_faulty: false, last_fault: None, makers, tally, environments }
    }

    /// Takes one step, and says what is wrong with what came of it.
    async fn step(&mut self, step: &Value) -> Vec<String> {
        if let Some(by) = seconds(&step["advance"]) {
            self.site.clock.advance(by);
        } else if let Some(life) = seconds(&step["accessTokenLife"]) {
            self.site.set_access_token_life(life);
        } else if let Some(dataset) = step["move"]["dataset"].as_str() {
            self.past.push((self.site.clock.now(), self.site.contents()));
            self.site.move_dataset(dataset, step["move"]["to"].as_str());
        } else if let Some(route) = step["fail"]["route"].as_str() {
            for _ in 0..step["fail"]["times"].as_u64().unwrap_or(1) {
                self.site.fail(route, fault_of(&step["fail"]["how"]));
            }
            self.is_faulty = true;
        } else {
            return self.ask(&step["ask"]).await;
        }
        Vec::new()
    }

    async fn ask(&mut self, ask: &Value) -> Vec<String> {
        if self.environments == Environments::Sharing {
            self.site.restart();
        }
        let caller = self.scenario.caller(&ask["caller"]);
        let function = if ask["function"] == "config" { "config" } else { "token" };
        let event = events::post(caller.kind, function, &caller.claims, &ask["body"]);
        (self.oracle.possible, self.oracle.certain) = self.trusted_contents();
        let answer = self.send(function, &event).await;
        let issued = answer.token().map(|token| (token.to_owned(), self.site.issued(token)));
        let asked = Asked::new(&event);
        let found = match &issued {
            Some((token, None)) => vec![format!("{token} is a token that Power BI has not made")],
            Some((token, Some(issued))) => {
                self.count(token, issued, &ask["caller"]);
                let mut found = self.judge(&asked, &answer, Some(issued));
                found.extend(self.age_faults(&answer, issued));
                found
            }
            None => self.judge(&asked, &answer, None),
        };
        self.tally.codes.insert(answer.code().to_owned());
        self.tally.survived += usize::from(self.is_faulty && answer.status == 200);
        self.tally.failed += usize::from(answer.status >= 500);
        self.is_faulty = false;
        found
    }

    /// Sends an event. Where an upstream fails, nobody waits: tokio moves its time by itself.
    async fn send(&mut self, function: &'static str, event: &Value) -> Answer {
        if !self.is_faulty {
            return self.site.send(function, event).await;
        }
        self.last_fault = Some(self.site.clock.now());
        let paused = Paused::begin();
        let answer = self.site.send(function, event).await;
        drop(paused);
        self.site.clear_faults();
        answer
    }

    /// Without faults, the answer has to be the contract's; with them it must allow nothing.
    fn judge(&self, asked: &Asked<'_>, answer: &Answer, issued: Option<&Issued>) -> Vec<String> {
        let is_quiet = self.last_fault.is_none_or(|at| self.site.clock.now() > at + AFTERMATH);
        let mut found = if is_quiet {
            faults(&self.oracle, asked, answer.code(), &answer.body, issued)
        } else {
            breaches(&self.oracle, asked, &answer.body, issued)
        };
        if answer.status == 500 {
            found.push("an internal fault".to_owned());
        }
        found
    }

    /// A token that is handed out still lives, and the answer says no more than that.
    fn age_faults(&self, answer: &Answer, issued: &Issued) -> Vec<String> {
        let now = self.site.clock.now();
        let left = issued.expires.duration_since(now).unwrap_or_default();
        let life = issued.expires.duration_since(issued.at).unwrap_or_default();
        let is_quiet = self.last_fault.is_none_or(|at| now > at + AFTERMATH);
        let least = if is_quiet { MIN_TOKEN.min(life / 2) } else { LEAST_LIFE };
        let mut found = Vec::new();
        if left.is_zero() || (issued.at < now && left < least) {
            found.push(format!("a token of {life:?} is handed out with {left:?} left"));
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
        let is_fresh = issued.at == self.site.clock.now();
        self.tally.fresh += usize::from(is_fresh);
        self.tally.cached += usize::from(!is_fresh);
    }

    /// What each workspace has held at some moment, and at every moment, for which a list may still be trusted.
    fn trusted_contents(&self) -> (Contents, Contents) {
        let (mut possible, mut certain) = (self.site.contents(), self.site.contents());
        let oldest = self.site.clock.now() - METADATA_TTL;
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

/// Tokio's own time, paused until this is dropped, also where the answer makes a check panic.
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

/// Plays a scenario until something is wrong.
///
/// # Errors
/// What is wrong, the upstream calls, and the scenario up to there as JSON.
pub fn play(scenario: &Scenario) -> Result<Tally, String> {
    play_in(Environments::One, scenario)
}

/// Plays a scenario in these environments until something is wrong.
///
/// # Errors
/// As [`play`].
pub fn play_in(environments: Environments, scenario: &Scenario) -> Result<Tally, String> {
    block_on(async {
        let mut run = Run::open(scenario, environments).await;
        for (number, step) in scenario.steps().iter().enumerate() {
            let found = run.step(step).await;
            if !found.is_empty() {
                let calls = run.site.take_calls();
                let so_far = scenario.until(number);
                return Err(format!("step {number}, {step}:\n{found:#?}\nupstream calls: {calls:#?}\n{so_far:?}"));
            }
        }
        Ok(run.tally)
    })
}
