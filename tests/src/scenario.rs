//! Random sequences of requests and other events in one environment, as JSON.
//!
//! A scenario is `{"catalog", "callers", "steps"}`. A step is one of
//!
//! - `{"ask": {"caller", "function", "body"}}`: a request of a caller
//! - `{"advance": SECONDS}`: the clock advances
//! - `{"move": {"dataset", "to"}}`: a dataset leaves its workspace, perhaps for another
//! - `{"fail": {"route", "how"}}`: one upstream call of the next request fails
//! - `{"accessTokenLife": SECONDS}`: the lifetime of Entra's tokens from now on

mod run;

use std::fmt;
use std::time::Duration;

use fuzz::environment::Fault;
use fuzz::events::Kind;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

pub use self::run::{Environments, Tally, run_scenario, run_scenario_in};

use crate::generated::{self, AnyBinding, AnyCaller, LISTED, any_binding, any_caller, any_catalog, guid, powerbi_of};

/// One scenario. Its `Debug` text is its JSON.
#[derive(Clone)]
pub struct Scenario(pub Value);

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.steps().iter().map(|step| format!("    {step}")).collect();
        let callers: Vec<_> = self.0["callers"].as_array().into_iter().flatten().map(|c| format!("    {c}")).collect();
        let catalog = &self.0["catalog"];
        let (steps, callers) = (steps.join(",\n"), callers.join(",\n"));
        write!(f, "{{\n  \"catalog\": {catalog},\n  \"callers\": [\n{callers}\n  ],\n  \"steps\": [\n{steps}\n  ]\n}}")
    }
}

/// A step before it is adapted to a catalog.
#[derive(Clone, Debug)]
enum Draft {
    Ask(usize, bool, Vec<AnyBinding>, Option<u16>),
    /// The same caller, or another one, repeats a request.
    Again(Index, Option<usize>),
    Other(Value),
}

fn draft() -> impl Strategy<Value = Draft> {
    let ask = (
        0..CALLERS,
        any::<bool>(),
        proptest::collection::vec(any_binding(), 1..3),
        proptest::option::weighted(0.1, 10..90_u16),
    );
    let lapse = select(vec![1_u64, 31, 61, 240, 601, 1300, 2800, 3601]);
    let place = proptest::option::weighted(0.4, 0..3_usize);
    let moved = (0..LISTED, place).prop_map(|(dataset, to)| {
        json!({ "move": { "dataset": guid(9, dataset), "to": to.map(|workspace| guid(1, workspace)) } })
    });
    let route = select(vec!["GenerateToken", "GET /powerbi", "POST /entra", "POST /secretsmanager", "/"]);
    let how = select(vec![
        json!({ "status": 429, "retryAfter": 3600 }),
        json!({ "status": 503 }),
        json!({ "status": 500, "retryAfter": 3600 }),
        json!({ "status": 401 }),
        json!({ "status": 403, "code": "TokenExpired" }),
        json!({ "status": 403 }),
        json!({ "status": 404, "code": "PowerBIEntityNotFound" }),
        json!("hang"),
        json!("close"),
    ]);
    prop_oneof![
        6 => ask.prop_map(|(caller, config, bindings, minutes)| Draft::Ask(caller, config, bindings, minutes)),
        7 => (any::<Index>(), proptest::option::of(0..CALLERS)).prop_map(|(which, caller)| Draft::Again(which, caller)),
        4 => lapse.prop_map(|seconds| Draft::Other(json!({ "advance": seconds }))),
        2 => moved.prop_map(Draft::Other),
        3 => (route, how, 1..4_usize).prop_map(|(route, how, times)| {
            Draft::Other(json!({ "fail": { "route": route, "how": how, "times": times } }))
        }),
        1 => select(vec![900_u64, 3599, 86_399]).prop_map(|life| Draft::Other(json!({ "accessTokenLife": life }))),
    ]
}

/// How many callers a scenario has.
const CALLERS: usize = 3;

prop_compose! {
    /// A scenario over a random catalog.
    pub fn any_scenario()(
        catalog in any_catalog(), callers in proptest::collection::vec(any_caller(), CALLERS),
        share_tenant in proptest::bool::weighted(0.8), drafts in proptest::collection::vec(draft(), 4..24),
    ) -> Scenario {
        let mut callers = callers;
        if share_tenant {
            let tenant = callers[0].claims["tenant"].clone();
            for caller in &mut callers { caller.claims["tenant"] = tenant.clone(); }
        }
        Scenario::written(&catalog, &callers, drafts)
    }
}

impl Scenario {
    fn written(catalog: &Value, callers: &[AnyCaller], drafts: Vec<Draft>) -> Self {
        let powerbi = powerbi_of(catalog);
        let (mut steps, mut asked): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for draft in drafts {
            match draft {
                Draft::Ask(caller, config, bindings, minutes) => {
                    let body = generated::body(catalog, &powerbi, &callers[caller], &bindings, minutes);
                    let function = if config { "config" } else { "token" };
                    asked.push(json!({ "caller": caller, "function": function, "body": body }));
                    steps.push(json!({ "ask": asked.last() }));
                }
                Draft::Again(which, caller) if !asked.is_empty() => {
                    let mut again = asked[which.index(asked.len())].clone();
                    if let Some(caller) = caller {
                        again["caller"] = caller.into();
                    }
                    steps.push(json!({ "ask": again }));
                }
                Draft::Again(..) => {}
                Draft::Other(step) => steps.push(step),
            }
        }
        let caller =
            |caller: &AnyCaller| json!({ "authorizer": format!("{:?}", caller.kind), "claims": caller.claims });
        let callers: Vec<_> = callers.iter().map(caller).collect();
        Self(json!({ "catalog": catalog, "callers": callers, "steps": steps }))
    }

    /// The catalog.
    #[must_use]
    pub fn catalog(&self) -> &Value {
        &self.0["catalog"]
    }

    /// A caller by its number.
    #[must_use]
    pub fn caller(&self, number: &Value) -> AnyCaller {
        let caller = &self.0["callers"][usize::try_from(number.as_u64().unwrap()).unwrap()];
        let kind = Kind::ALL.into_iter().find(|kind| caller["authorizer"] == format!("{kind:?}")).unwrap();
        AnyCaller { kind, claims: caller["claims"].clone() }
    }

    /// The same scenario, up to this step.
    #[must_use]
    pub fn until(&self, number: usize) -> Self {
        let mut cut = self.clone();
        cut.0["steps"].as_array_mut().unwrap().truncate(number + 1);
        cut
    }

    /// The steps in order.
    #[must_use]
    pub fn steps(&self) -> &[Value] {
        self.0["steps"].as_array().unwrap()
    }
}

/// The fault that a step's `how` describes.
#[must_use]
pub fn fault_of(how: &Value) -> Fault {
    match how.as_str() {
        Some("hang") => Fault::Hang,
        Some("close") => Fault::Close,
        _ => {
            let mut headers = Vec::new();
            if let Some(seconds) = how["retryAfter"].as_u64() {
                headers.push(("retry-after".to_owned(), seconds.to_string()));
            }
            let mut body = String::new();
            if let Some(code) = how["code"].as_str() {
                headers.push(("x-powerbi-error-info".to_owned(), code.to_owned()));
                body = json!({ "error": { "code": code } }).to_string();
            }
            Fault::Status(u16::try_from(how["status"].as_u64().unwrap()).unwrap(), headers, body)
        }
    }
}

/// A span of time of a step.
#[must_use]
pub fn seconds(value: &Value) -> Option<Duration> {
    value.as_u64().map(Duration::from_secs)
}
