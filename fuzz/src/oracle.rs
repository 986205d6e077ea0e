//! The security oracle: it decides what a token may allow, and which answers to a request are correct.
//!
//! It reads the contract's JSON: the catalog, the gateway event, and the body of `GenerateToken`. It shares no type and no code
//! with the product.

mod answer;
mod binding;
mod caller;
mod entry;
mod sharing;
pub mod template;
mod token;
mod verdict;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use answer::{breaches, conflicting, faults};
pub use binding::Binding;
pub use caller::{Caller, Claim, flat};
pub use token::{Issued, violations};
pub use verdict::Verdict;

/// The ids of the datasets in each workspace, all in lower case.
pub type Contents = BTreeMap<String, BTreeSet<String>>;

/// The state of Power BI that decides what is allowed.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// The catalog.
    pub catalog: Value,
    /// The datasets that each workspace held at some time within the age at which its list is still used.
    pub possible: Contents,
    /// The datasets that each workspace held during all of that time.
    pub certain: Contents,
    /// The dataset that each report was built on, by the id of the report.
    pub own_datasets: BTreeMap<String, String>,
}

/// A request: the event from the gateway.
#[derive(Clone, Debug)]
pub struct RequestEvent<'e> {
    /// The event.
    pub event: &'e Value,
    /// The body of the event.
    pub body: Value,
    /// The claim that names the tenant.
    pub tenant_claim: &'e str,
    /// The claim that lists the groups.
    pub groups_claim: &'e str,
}

impl<'e> RequestEvent<'e> {
    /// A request whose claims have their default names.
    #[must_use]
    pub fn new(event: &'e Value) -> Self {
        let body = event["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        Self { event, body, tenant_claim: "tenant", groups_claim: "groups" }
    }

    /// The caller; `None` if the event has no verified claims, or no subject.
    #[must_use]
    pub fn caller(&self) -> Option<Caller> {
        Caller::of_event(self.event, self.groups_claim).filter(|caller| caller.text("sub").is_some())
    }

    /// The name of the caller's tenant.
    #[must_use]
    pub fn tenant(&self, caller: &Caller) -> Option<String> {
        caller.text(self.tenant_claim)
    }
}

pub(crate) fn items(json: &Value) -> &[Value] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn texts(json: &Value) -> impl Iterator<Item = &str> {
    items(json).iter().filter_map(Value::as_str)
}

/// An id in lower case, for comparisons.
pub(crate) fn lower(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_lowercase()
}
