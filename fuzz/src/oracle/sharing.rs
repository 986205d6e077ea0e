//! Which bindings may share a token.

use super::entry::{Identity, Scoped};
use super::view::{Bound, View};

/// Whether all rules of "Which bindings may share a token" hold for some choice of save targets, or for every choice.
///
/// A binding that several grants cover may have several save targets, and the contract does not say which one applies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Choice {
    /// For at least one choice.
    Some,
    /// For every choice.
    Every,
}

/// Whether the modes and save targets of these bindings may share a token.
#[must_use]
pub(super) fn modes_may_share(view: &View<'_>, bounds: &[Bound], choice: Choice) -> bool {
    let writing: Vec<&Bound> = bounds.iter().filter(|bound| bound.mode != "view").collect();
    let targets: Vec<_> = writing.iter().map(|bound| view.targets_of(bound)).collect();
    let mut choices: Vec<Vec<Option<&str>>> = vec![Vec::new()];
    for saves in &targets {
        let longer = |so_far: &Vec<_>| {
            let so_far = so_far.clone();
            saves
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

/// `saves[i]` is the save target of `writing[i]`.
fn rules_hold(view: &View<'_>, bounds: &[Bound], writing: &[&Bound], saves: &[Option<&str>]) -> bool {
    let targets = || saves.iter().copied().flatten().map(Some);
    writing.iter().zip(saves.iter().copied()).all(|(bound, save)| {
        bounds.iter().map(|other| &other.entry).all(|entry| match &bound.report {
            // Targets apply to the whole token, so an editable report may be saved to each.
            Some(report) => targets().chain([save]).all(|target| view.lets_edit_for(&report.id, entry, target)),
            None => view.lets_create(entry, save),
        })
    })
}

/// The consistency of the identities in one token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Identities {
    /// Each dataset has one identity.
    Agree,
    /// A dataset has an identity in one place and none where it is only needed, or a paginated report has two. The contract does
    /// not say whether that is a conflict.
    Unclear,
    /// A dataset has two identities.
    Clash,
}

/// The consistency of the identities of these bindings.
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

/// Whether a paginated report is bound with several identities. An identity names such reports, and the contract does not say
/// whether that is a conflict.
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

/// The datasets that a token names because of a binding, besides the bound one.
pub(super) fn needed(bound: &Bound) -> impl Iterator<Item = &Scoped> {
    bound.entry.needs.iter().chain(bound.report.iter().filter_map(|report| report.own.as_ref()))
}

/// Whether one binding adds an unbound dataset to the token of another that edits or creates.
///
/// The rules concern bound datasets only, but sharing must not add a permission. The contract does not say whether this is a
/// conflict.
pub(super) fn brings_more(bounds: &[Bound]) -> bool {
    let is_bound = |id: &String| bounds.iter().any(|bound| bound.entry.dataset.id == *id);
    let brings = |bound: &Bound, id: &String| needed(bound).any(|scoped| scoped.id == *id);
    bounds.iter().filter(|bound| bound.mode != "view").any(|writing| {
        let brought = bounds.iter().flat_map(needed).map(|scoped| &scoped.id);
        brought.into_iter().any(|id| !is_bound(id) && !brings(writing, id))
    })
}
