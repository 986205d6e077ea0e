//! Which bindings may share a token.

use super::entry::{Identity, Scoped};
use super::view::{Bound, View};

/// Whether a choice of save targets exists, or every choice does, with which all
/// rules of "Which bindings may share a token" hold.
///
/// A binding that several grants open may have several save targets, and the
/// contract does not say which one the product takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Choice {
    /// With at least one choice.
    Some,
    /// With whatever choice.
    Every,
}

/// Whether the modes and save targets of these bindings may share a token.
#[must_use]
pub(super) fn modes_may_share(view: &View<'_>, bounds: &[Bound], choice: Choice) -> bool {
    let writing: Vec<&Bound> = bounds.iter().filter(|bound| bound.mode != "view").collect();
    let mut choices: Vec<Vec<Option<&str>>> = vec![Vec::new()];
    for bound in &writing {
        let longer = |so_far: &Vec<_>| {
            let so_far = so_far.clone();
            bound
                .saves
                .iter()
                .map(Option::as_deref)
                .map(move |save| so_far.iter().copied().chain([save]).collect())
                .collect::<Vec<_>>()
        };
        choices = choices.iter().flat_map(longer).collect();
    }
    let holds = |saves: &Vec<Option<&str>>| rules_hold(view, bounds, &writing, saves);
    match choice {
        Choice::Some => choices.iter().any(holds),
        Choice::Every => choices.iter().all(holds),
    }
}

/// `saves[i]` is where the result of `writing[i]` may be saved.
fn rules_hold(view: &View<'_>, bounds: &[Bound], writing: &[&Bound], saves: &[Option<&str>]) -> bool {
    let targets = || saves.iter().copied().flatten().map(Some);
    writing.iter().zip(saves.iter().copied()).all(|(bound, save)| {
        bounds.iter().map(|other| &other.entry).all(|entry| match &bound.report {
            // The targets are the whole token's, so an editable report may be saved to each.
            Some(report) => targets().chain([save]).all(|target| view.lets_edit_for(&report.id, entry, target)),
            None => view.lets_create(entry, save),
        })
    })
}

/// How the identities of the datasets in one token fit together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Identities {
    /// Each dataset has one.
    Agree,
    /// A dataset goes with an identity in one place, and without one where it is only needed, or
    /// a paginated report goes under two; the contract does not say whether that is a conflict.
    Unclear,
    /// A dataset goes under two.
    Clash,
}

/// How the identities of these bindings fit together.
#[must_use]
pub(super) fn identities_of(bounds: &[Bound]) -> Identities {
    let mut all: Vec<(&Scoped, bool)> = Vec::new();
    for bound in bounds {
        all.push((&bound.entry.dataset, true));
        all.extend(needed(bound).map(|scoped| (scoped, false)));
    }
    let mut verdict = Identities::Agree;
    for (index, (one, one_is_bound)) in all.iter().enumerate() {
        for (other, other_is_bound) in all[index + 1..].iter().filter(|(other, _)| other.id == one.id) {
            let is_bare = [one, other].iter().any(|scoped| scoped.identity == Identity::None);
            let are_bound = *one_is_bound && *other_is_bound;
            match (one.identity == other.identity, is_bare && !are_bound) {
                (true, _) => {}
                (false, true) => verdict = if verdict == Identities::Clash { verdict } else { Identities::Unclear },
                (false, false) => verdict = Identities::Clash,
            }
        }
    }
    if verdict == Identities::Agree && paginated_reports_differ(bounds) { Identities::Unclear } else { verdict }
}

/// Whether a paginated report is bound under several identities. An identity names such reports,
/// and the contract does not say whether that is a conflict.
fn paginated_reports_differ(bounds: &[Bound]) -> bool {
    let named = |bound: &Bound| {
        let report = bound.report.as_ref();
        let own = report.filter(|report| report.is_paginated).map(|report| report.id.clone());
        own.into_iter().chain(report.map(|report| report.inner.clone()).unwrap_or_default()).collect::<Vec<_>>()
    };
    bounds.iter().any(|one| {
        let others = bounds.iter().filter(|other| other.entry.dataset.identity != one.entry.dataset.identity);
        others.flat_map(named).any(|id| named(one).contains(&id))
    })
}

/// What the token names because of a binding, beside the bound dataset.
pub(super) fn needed(bound: &Bound) -> impl Iterator<Item = &Scoped> {
    bound.entry.needs.iter().chain(bound.report.iter().filter_map(|report| report.own.as_ref()))
}

/// Whether one binding brings a dataset, unbound, into the token of another that edits or creates.
///
/// The rules speak of bound datasets only, but sharing may add no permission: the contract
/// leaves open whether this is a conflict.
pub(super) fn brings_more(bounds: &[Bound]) -> bool {
    let is_bound = |id: &String| bounds.iter().any(|bound| bound.entry.dataset.id == *id);
    let brings = |bound: &Bound, id: &String| needed(bound).any(|scoped| scoped.id == *id);
    bounds.iter().filter(|bound| bound.mode != "view").any(|writing| {
        let brought = bounds.iter().flat_map(needed).map(|scoped| &scoped.id);
        brought.into_iter().any(|id| !is_bound(id) && !brings(writing, id))
    })
}
