//! An environment whose answers are compared with the oracle.

use fuzz::environment::{Environment, PowerBiContents, TOKEN_TABLE};
use fuzz::events;
use fuzz::gateway::Answer;
use fuzz::oracle::{Oracle, RequestEvent, conflicting, faults};
use serde_json::{Value, json};

use crate::generated::AnyCaller;

/// An environment and the oracle for its answers.
pub struct CheckedEnvironment {
    /// The environment.
    pub environment: Environment,
    oracle: Oracle,
}

impl CheckedEnvironment {
    /// An environment that has just started.
    pub async fn open(catalog: &Value, powerbi: PowerBiContents) -> Self {
        Self::open_with(catalog, powerbi, &[]).await
    }

    /// An environment that shares tokens with later environments; see [`Environment::restart`].
    pub async fn open_sharing(catalog: &Value, powerbi: PowerBiContents) -> Self {
        let store = format!("dynamodb:{TOKEN_TABLE}");
        Self::open_with(catalog, powerbi, &[("DYNABIND_TOKEN_STORE", &store)]).await
    }

    async fn open_with(catalog: &Value, powerbi: PowerBiContents, more: &[(&str, &str)]) -> Self {
        let oracle = Oracle {
            catalog: catalog.clone(),
            possible: powerbi.contents.clone(),
            certain: powerbi.contents.clone(),
            own_datasets: powerbi.own_datasets.clone(),
        };
        let environment = Environment::open(&catalog.to_string(), powerbi, more).await.unwrap();
        Self { environment, oracle }
    }

    /// Sends a request. The second value has the violations in the answer.
    pub async fn ask(&self, function: &'static str, caller: &AnyCaller, body: &Value) -> (Answer, Vec<String>) {
        let event = events::post(caller.kind, function, &caller.claims, body);
        let before = self.environment.count_of_issued();
        let _ = self.environment.take_calls();
        let answer = self.environment.send(function, &event).await;
        let issued = answer.token().map(|token| self.environment.issued(token).unwrap());
        let mut found = faults(&self.oracle, &RequestEvent::new(&event), answer.code(), &answer.body, issued.as_ref());
        if issued.is_none() && self.environment.count_of_issued() != before {
            found.push("a token was made that no caller received".to_owned());
        }
        if answer.code() == "bindings-conflict" {
            found.extend(self.environment.take_calls().into_iter().filter(|call| is_unnecessary(call)));
        }
        (answer, found)
    }

    /// Sends a request, and splits it as a client does if its bindings may not share a token.
    pub async fn ask_and_split(&self, function: &'static str, caller: &AnyCaller, body: &Value) -> Vec<String> {
        let (answer, mut found) = self.ask(function, caller, body).await;
        if answer.code() != "bindings-conflict" {
            return found;
        }
        let named = conflicting(&answer.body);
        let all: Vec<_> = body["bindings"].as_array().unwrap().clone();
        if named.is_empty() || named.iter().any(|index| *index >= all.len()) {
            found.push(format!("a conflict names {named:?}"));
        }
        let (apart, rest): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(index, _)| named.contains(index));
        let mut parts: Vec<_> = apart.into_iter().map(|(_, binding)| vec![binding]).collect();
        let rest: Vec<_> = rest.into_iter().map(|(_, binding)| binding).collect();
        parts.extend((!rest.is_empty()).then_some(rest));
        for bindings in parts {
            let part = json!({ "bindings": bindings });
            let (answer, wrong) = self.ask(function, caller, &part).await;
            found.extend(wrong);
            if answer.code() == "bindings-conflict" {
                found.push(format!("after the split, {part} still conflicts"));
            }
        }
        found
    }
}

/// Whether this is a call to Power BI that must not precede a conflict. Only lists of workspaces may be read before it, because
/// they decide what is granted.
fn is_unnecessary(call: &str) -> bool {
    call.contains("/powerbi/") && !call.ends_with("/datasets")
}
