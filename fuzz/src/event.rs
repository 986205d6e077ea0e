//! Whole gateway events, sent to each of the three functions.
//!
//! Input: the event from Lambda. The upstreams grant everything, so only Dynabind protects another tenant's data.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

use crate::environment::{Environment, PowerBiContents};
use crate::gateway::{self, Answer, FUNCTIONS};
use crate::oracle::{Oracle, RequestEvent, violations};

const CATALOG: &str = include_str!("../../devstack/demo/catalog.json");

/// Long enough for any request to local upstreams.
const TIME: Duration = Duration::from_secs(20);

static JSON: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(CATALOG).unwrap());

/// The demo's catalog, with upstreams that grant everything.
pub(crate) struct Demo {
    environment: Environment,
    oracle: Oracle,
}

impl Demo {
    /// An environment with empty caches.
    pub(crate) fn cold() -> Self {
        let powerbi = PowerBiContents::of_catalog(&JSON);
        let oracle = Oracle {
            catalog: JSON.clone(),
            possible: powerbi.contents.clone(),
            certain: powerbi.contents.clone(),
            own_datasets: powerbi.own_datasets.clone(),
        };
        let environment =
            gateway::block_on(Environment::open(CATALOG, powerbi, &[])).expect("the demo's catalog is good");
        Self { environment, oracle }
    }

    /// Sends an event, and compares every token for it with the grants. The upstreams never fail, so no answer may be a 5xx.
    /// `None` means that the input is not an event.
    pub(crate) fn send(&self, function: &'static str, event: &str) -> Option<Answer> {
        let read = serde_json::from_str(event).ok()?;
        let before = self.environment.count_of_issued();
        let answer = gateway::send(self.environment.app(), function, read, TIME, &[]);
        assert!(answer.status < 500, "{}", answer.body);
        if let Some(token) = answer.token() {
            let issued = self.environment.issued(token).expect("a token of Power BI's");
            // Both sides read the same text, so repeated names have the same meaning for both.
            let event: Value = serde_json::from_str(event).expect("it was read");
            let found = violations(&self.oracle, &RequestEvent::new(&decoded(event)), &issued);
            assert!(
                found.is_empty(),
                "{found:#?}
for {}",
                issued.body
            );
        } else {
            assert_eq!(self.environment.count_of_issued(), before, "a token was made that no caller received");
        }
        Some(answer)
    }
}

/// The event with a decoded body.
fn decoded(mut event: Value) -> Value {
    let decoded = event["body"].as_str().filter(|_| event["isBase64Encoded"] == true).and_then(|body| {
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).ok()?;
        String::from_utf8(bytes).ok()
    });
    if let Some(body) = decoded {
        event["body"] = body.into();
    }
    event
}

pub(crate) fn check(input: &[u8]) {
    let Ok(event) = std::str::from_utf8(input) else { return };
    for function in FUNCTIONS {
        let demo = Demo::cold();
        let Some(answer) = demo.send(function, event) else {
            let read: Result<Value, _> = serde_json::from_str(event);
            // Only an input that is not JSON, or is nested too deeply, has no answer.
            assert!(read.is_err(), "no answer");
            return;
        };
        if answer.status == 200 && function == "datasets" {
            check_list(event, &answer.body);
        }
    }
}

/// A list may only contain items of the grants of the caller's tenant.
fn check_list(event: &str, listed: &Value) {
    let event: Value = serde_json::from_str(event).expect("it was read");
    let asked = RequestEvent::new(&event);
    let tenant = asked.caller().and_then(|caller| asked.tenant(&caller)).expect("a caller with a tenant");
    let grants = JSON["tenants"][&tenant]["grants"].as_array().expect("a tenant of the catalog");
    for (kind, key) in [("datasets", "dataset"), ("reports", "report")] {
        let named = grants.iter().flat_map(|grant| grant[kind].as_array().into_iter().flatten());
        let named: BTreeSet<_> = named.filter_map(Value::as_str).collect();
        for item in listed[kind].as_array().expect("a list") {
            assert!(item[key].as_str().is_some_and(|key| named.contains(key)), "{item}");
        }
    }
}
