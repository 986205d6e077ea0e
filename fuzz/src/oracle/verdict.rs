//! The permitted answers to a request.

use std::collections::BTreeSet;

use super::binding::Binding;
use super::caller::Claim;
use super::entry::Identity;
use super::sharing::{Choice, Identities, brings_more, identities_of, modes_may_share, needed};
use super::view::{Bound, Reading, View};
use super::{Oracle, RequestEvent};

/// The maximum number of reports, and of datasets, in one token.
const MOST_ITEMS: usize = 50;

/// The answers that the contract permits to a well-formed request.
///
/// They assume that no upstream fails: `ok`, or the code of a problem. If there are several codes, any of them is permitted,
/// because the contract does not rank them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdict {
    /// The permitted answers.
    pub permitted: BTreeSet<&'static str>,
}

/// The bindings of a request in both readings.
struct Readings<'o> {
    generous: View<'o>,
    strict: View<'o>,
    bindings: Vec<Binding>,
}

impl Verdict {
    /// The verdict on a request.
    #[must_use]
    pub fn on(oracle: &Oracle, asked: &RequestEvent<'_>) -> Self {
        let Some(caller) = asked.caller() else {
            return Self::one_of(&["unauthenticated", "not-entitled"]);
        };
        let Some(tenant) = asked.tenant(&caller) else { return Self::one_of(&["not-entitled"]) };
        let readings = Readings {
            generous: View::new(oracle, &caller, &tenant, Reading::Generous),
            strict: View::new(oracle, &caller, &tenant, Reading::Strict),
            bindings: Binding::all(&asked.body),
        };
        let mut verdict = readings.verdict();
        for name in ["sub", asked.tenant_claim] {
            if !matches!(caller.claim(name), Claim::Certain(text) if !text.is_empty()) {
                verdict.permitted.extend(["unauthenticated", "not-entitled"]);
            }
        }
        verdict
    }

    fn one_of(codes: &[&'static str]) -> Self {
        Self { permitted: codes.iter().copied().collect() }
    }

    /// Whether the request must be answered with a token.
    #[must_use]
    pub fn must_succeed(&self) -> bool {
        *self == Self::one_of(&["ok"])
    }
}

impl Readings<'_> {
    fn verdict(&self) -> Verdict {
        let mut permitted = BTreeSet::new();
        let possible: Vec<_> = self.bindings.iter().filter_map(|binding| self.generous.resolve(binding)).collect();
        let certain: Vec<_> = self.bindings.iter().filter_map(|binding| self.strict.resolve(binding)).collect();
        let all = self.bindings.len();
        for binding in &self.bindings {
            self.permit_refusals(binding, &mut permitted);
        }
        // One binding may conflict with itself, and no split of the request resolves that.
        let clashes_alone =
            possible.iter().any(|bound| identities_of(std::slice::from_ref(bound)) != Identities::Agree);
        if clashes_alone {
            permitted.extend(["invalid-request", "upstream-rejected"]);
        }
        if exceeds_limits(&possible) {
            permitted.insert("invalid-request");
        }
        let identities = identities_of(&possible);
        let may_share = identities != Identities::Clash && modes_may_share(&self.generous, &possible, Choice::Some);
        if possible.len() == all && may_share && possible.iter().all(is_rendered) {
            permitted.insert("ok");
        }
        // If the readings agree, the answer is certain.
        let agree = possible.len() == certain.len()
            && possible.iter().zip(&certain).all(|(one, other)| one.entry == other.entry && one.saves == other.saves);
        let must_share = agree
            && identities == Identities::Agree
            && !brings_more(&possible)
            && modes_may_share(&self.strict, &certain, Choice::Every);
        if !must_share {
            permitted.insert("bindings-conflict");
        }
        self.withdraw_conflict_of_one(&mut permitted, clashes_alone);
        Verdict { permitted }
    }

    /// A single binding does not share its token.
    fn withdraw_conflict_of_one(&self, permitted: &mut BTreeSet<&'static str>, clashes_alone: bool) {
        if self.bindings.len() < 2 && !clashes_alone {
            permitted.remove("bindings-conflict");
        }
    }

    /// The possible refusals of a single binding.
    fn permit_refusals(&self, binding: &Binding, permitted: &mut BTreeSet<&'static str>) {
        let resolved = (self.generous.resolve(binding), self.strict.resolve(binding));
        let (possible, certain) = (resolved.0.as_ref(), resolved.1.as_ref());
        if binding.dataset.is_none() {
            let in_any_mode =
                ["view", "edit", "create"].map(|mode| Binding { mode: mode.to_owned(), ..binding.clone() });
            let opened: Vec<_> = in_any_mode.iter().flat_map(|binding| self.generous.opened(binding)).collect();
            // The contents of a workspace need a look-up, which the contract does not require for a refusal.
            let may_hold_more = in_any_mode.iter().any(|binding| self.generous.names_workspace(binding));
            if may_hold_more || opened.iter().any(|entry| *entry != opened[0]) {
                permitted.insert("dataset-required");
            }
            let certain = self.strict.opened(binding);
            if certain.is_empty() || certain != self.generous.opened(binding) {
                permitted.insert("not-entitled");
            }
        } else if certain.is_none() {
            permitted.insert("not-entitled");
        }
        if possible.is_some() && certain.is_none() {
            // A dataset that has just left its workspace may be missing there.
            permitted.insert("upstream-rejected");
        }
        let is_certain =
            |bound: &Bound| bound.entry.dataset.is_certain && needed(bound).all(|scoped| scoped.is_certain);
        if possible.is_some_and(|bound| !is_certain(bound)) {
            permitted.insert("claim-missing");
        }
    }
}

/// Whether the caller has every claim that the binding's identities need.
fn is_rendered(bound: &Bound) -> bool {
    let scoped = std::iter::once(&bound.entry.dataset).chain(needed(bound));
    scoped.into_iter().all(|scoped| scoped.identity != Identity::Missing)
}

/// Whether the bindings need more items than one token can have.
fn exceeds_limits(bounds: &[Bound]) -> bool {
    let datasets = bounds.iter().flat_map(|bound| std::iter::once(&bound.entry.dataset).chain(needed(bound)));
    let datasets: BTreeSet<_> = datasets.map(|scoped| &scoped.id).collect();
    let reports = bounds.iter().filter_map(|bound| bound.report.as_ref());
    let reports: BTreeSet<_> = reports.flat_map(|report| std::iter::once(&report.id).chain(&report.inner)).collect();
    datasets.len() > MOST_ITEMS || reports.len() > MOST_ITEMS
}
