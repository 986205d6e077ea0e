//! Checks that a token allows only what the caller's grants allow.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::binding::Binding;
use super::caller::Caller;
use super::entry::{Identity, Scoped, of_wire};
use super::sharing::needed;
use super::view::{Bound, Reading, View};
use super::{Oracle, RequestEvent, items, lower, texts};

/// An embed token with its request.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The body of `GenerateToken`.
    pub body: Value,
    /// The value of `X-PowerBI-Profile-Id`.
    pub profile: Option<String>,
    /// When it was made.
    pub at: SystemTime,
    /// When it expires.
    pub expires: SystemTime,
}

/// One check of one token.
struct Check<'o> {
    view: View<'o>,
    bounds: Vec<Bound>,
    body: &'o Value,
    found: Vec<String>,
}

/// The permissions of a token that the caller's grants do not give, and those that are missing. Every entry of the result is a
/// fault of the product.
#[must_use]
pub fn violations(oracle: &Oracle, asked: &RequestEvent<'_>, issued: &Issued) -> Vec<String> {
    let Some(caller) = asked.caller() else { return vec!["a token for an event without verified claims".to_owned()] };
    let Some(tenant) = asked.tenant(&caller) else { return vec!["a token for a caller without a tenant".to_owned()] };
    let view = View::new(oracle, &caller, &tenant, Reading::Generous);
    let (mut bounds, mut found) = (Vec::new(), Vec::new());
    for (index, binding) in Binding::all(&asked.body).iter().enumerate() {
        match view.resolve(binding) {
            Some(bound) => bounds.push(bound),
            None => found.push(format!("binding {index} is not granted: {}", asked.body["bindings"][index])),
        }
    }
    check_around(oracle, asked, &tenant, issued, &mut found);
    let mut check = Check { view, bounds, body: &issued.body, found };
    check.shape();
    check.items();
    check.identities(&caller);
    check.editing();
    check.targets();
    check.found
}

/// Checks the parts that do not depend on the items: profile and lifetime.
fn check_around(oracle: &Oracle, asked: &RequestEvent<'_>, tenant: &str, issued: &Issued, found: &mut Vec<String>) {
    let profile = oracle.catalog["tenants"][tenant]["profileId"].as_str().map(str::to_lowercase);
    let sent = issued.profile.as_deref().map(str::to_lowercase);
    if profile != sent {
        found.push(format!("the profile is {sent:?} and must be {profile:?}"));
    }
    if let Some(minutes) = asked.body["lifetimeMinutes"].as_u64() {
        let longest = Duration::from_secs(minutes * 60);
        if issued.expires.duration_since(issued.at).is_ok_and(|life| life > longest) {
            found.push(format!("the token lives longer than the requested {minutes} minutes"));
        }
    }
}

impl Check<'_> {
    fn fail(&mut self, fault: String) {
        self.found.push(fault);
    }

    /// A field that the oracle does not know may allow anything.
    fn shape(&mut self) {
        let known: [(&str, &[&str]); 5] = [
            ("", &["datasets", "reports", "targetWorkspaces", "identities", "lifetimeInMinutes"]),
            ("reports", &["id", "allowEdit"]),
            ("datasets", &["id", "xmlaPermissions"]),
            ("targetWorkspaces", &["id"]),
            ("identities", &["username", "roles", "customData", "auditableContext", "datasets", "reports"]),
        ];
        for (place, fields) in known {
            let objects = if place.is_empty() { std::slice::from_ref(self.body) } else { items(&self.body[place]) };
            let names = objects.iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
            let unknown: Vec<_> = names.filter(|name| !fields.contains(&name.as_str())).cloned().collect();
            for name in unknown {
                self.fail(format!("`{place}/{name}` is not a field that the oracle knows"));
            }
        }
    }

    fn ids(&self, place: &str) -> BTreeSet<String> {
        items(&self.body[place]).iter().map(|item| lower(&item["id"])).collect()
    }

    fn items(&mut self) {
        let reports = self.bounds.iter().filter_map(|bound| bound.report.as_ref());
        let named: BTreeSet<_> = reports.flat_map(|report| std::iter::once(&report.id).chain(&report.inner)).collect();
        let sent = self.ids("reports");
        let mut faults: Vec<_> = Vec::new();
        faults.extend(sent.iter().filter(|id| !named.contains(id)).map(|id| format!("report {id} is not granted")));
        faults.extend(named.iter().filter(|id| !sent.contains(**id)).map(|id| format!("report {id} is missing")));

        let bound = self.bounds.iter().map(|bound| &bound.entry.dataset.id);
        let brought = self.bounds.iter().flat_map(needed).map(|scoped| &scoped.id);
        let named: BTreeSet<_> = bound.chain(brought).collect();
        let sent = self.ids("datasets");
        faults.extend(sent.iter().filter(|id| !named.contains(id)).map(|id| format!("dataset {id} is not granted")));
        faults.extend(named.iter().filter(|id| !sent.contains(**id)).map(|id| format!("dataset {id} is missing")));
        faults.extend(self.xmla());
        self.found.extend(faults);
    }

    /// `xmlaPermissions` must be read-only, and needs a paginated report or visual, or a composite model.
    fn xmla(&self) -> Vec<String> {
        let is_paginated = |bound: &&Bound| bound.report.as_ref().is_some_and(|r| r.is_paginated || r.has_visual);
        let shown = self.bounds.iter().filter(is_paginated);
        let needing: BTreeSet<_> = shown.map(|bound| &bound.entry.dataset.id).collect();
        let read = self.bounds.iter().filter(|bound| is_paginated(bound) || !bound.entry.needs.is_empty());
        let read = read.flat_map(|bound| std::iter::once(&bound.entry.dataset).chain(needed(bound)));
        let readable: BTreeSet<_> = read.map(|scoped| &scoped.id).collect();
        let mut faults = Vec::new();
        for item in items(&self.body["datasets"]) {
            let (id, xmla) = (lower(&item["id"]), &item["xmlaPermissions"]);
            let is_read_only = xmla == "ReadOnly";
            if !(xmla.is_null() || xmla == "Off" || is_read_only && readable.contains(&id)) {
                faults.push(format!("dataset {id} has xmlaPermissions {xmla}"));
            } else if needing.contains(&id) && !is_read_only {
                faults.push(format!("dataset {id} lacks xmlaPermissions"));
            }
        }
        faults
    }

    /// Every dataset must have the identity that its place in the catalog requires.
    fn identities(&mut self, caller: &Caller) {
        let mut seen = BTreeSet::new();
        let mut faults = Vec::new();
        for identity in items(&self.body["identities"]) {
            let sent = of_wire(identity);
            for id in texts(&identity["datasets"]).map(str::to_lowercase) {
                let demanded = self.demanded(&id);
                if !demanded.contains(&Identity::Exactly(sent.clone())) {
                    faults.push(format!(
                        "dataset {id} has the identity {sent}, and the catalog requires {demanded:?} for {caller:?}"
                    ));
                }
                // An entry without an identity elsewhere in the catalog does not restrict a bound dataset.
                if demanded
                    .iter()
                    .any(|other| !matches!(other, Identity::None) && *other != Identity::Exactly(sent.clone()))
                {
                    faults.push(format!("dataset {id} must have several identities: {demanded:?}"));
                }
                if !seen.insert(id.clone()) {
                    faults.push(format!("dataset {id} has two identities"));
                }
            }
            faults.extend(self.paginated_identity(identity, &sent));
        }
        for id in self.ids("datasets").difference(&seen) {
            if self.demanded(id).iter().any(|identity| *identity != Identity::None) {
                faults.push(format!("dataset {id} lacks the identity that the catalog requires"));
            }
        }
        self.found.extend(faults);
    }

    fn demanded(&self, id: &str) -> Vec<Identity> {
        let all = self.bounds.iter().flat_map(|bound| std::iter::once(&bound.entry.dataset).chain(needed(bound)));
        all.filter(|scoped: &&Scoped| scoped.id == id).map(|scoped| scoped.identity.clone()).collect()
    }

    /// The reports of an identity must be paginated and bound to a dataset with it.
    fn paginated_identity(&self, identity: &Value, sent: &Value) -> Vec<String> {
        let under = |bound: &&Bound| {
            let mut scoped = std::iter::once(&bound.entry.dataset).chain(needed(bound));
            scoped.any(|scoped| scoped.identity == Identity::Exactly(sent.clone()))
        };
        let reports = self.bounds.iter().filter(under).filter_map(|bound| bound.report.as_ref());
        let fitting: BTreeSet<_> = reports
            .flat_map(|report| report.is_paginated.then_some(&report.id).into_iter().chain(&report.inner))
            .collect();
        let named = texts(&identity["reports"]).map(str::to_lowercase);
        named.filter(|id| !fitting.contains(id)).map(|id| format!("report {id} has the identity {sent}")).collect()
    }

    /// The reports that the token lets the page edit.
    fn editable(&self) -> Vec<String> {
        let reports = items(&self.body["reports"]).iter();
        reports.filter(|report| report["allowEdit"] == true).map(|report| lower(&report["id"])).collect()
    }

    /// A page can bind an editable report to every dataset of the token, so editing must be granted for each.
    fn editing(&mut self) {
        let mut faults = Vec::new();
        for id in self.editable() {
            let is_asked = |bound: &Bound| bound.mode == "edit" && bound.report.as_ref().is_some_and(|r| r.id == id);
            if !self.bounds.iter().any(is_asked) {
                faults.push(format!("report {id} may be edited, and no binding requests that"));
            }
            for entry in self.bounds.iter().map(|bound| &bound.entry) {
                if !self.view.lets_edit(&id, entry) {
                    faults.push(format!("report {id} may be edited over {}, which no grant allows", entry.key));
                }
            }
        }
        self.found.extend(faults);
    }

    /// Targets apply to the whole token: each must be granted for everything that can be saved.
    fn targets(&mut self) {
        let mut faults = Vec::new();
        let asked: BTreeSet<_> =
            self.bounds.iter().filter(|bound| bound.mode != "view").flat_map(|bound| &bound.saves).collect();
        for target in self.ids("targetWorkspaces").into_iter().map(Some) {
            let shown = target.as_deref().unwrap_or_default();
            if !asked.contains(&target) {
                faults.push(format!("workspace {shown} is not a save target of a grant that covers a binding"));
            }
            for entry in self.bounds.iter().map(|bound| &bound.entry) {
                if !self.view.lets_create(entry, target.as_deref()) {
                    faults.push(format!("a report over {} may be saved to {shown}, which no grant allows", entry.key));
                }
                let unsavable =
                    self.editable().into_iter().filter(|id| !self.view.lets_edit_for(id, entry, target.as_deref()));
                faults.extend(unsavable.map(|id| {
                    format!("report {id} may be saved over {} to {shown}, which no grant allows", entry.key)
                }));
            }
        }
        self.found.extend(faults);
    }
}
