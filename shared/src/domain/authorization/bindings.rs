//! All bindings of a request, and what the grants allow each of them over the others' datasets.

use std::collections::BTreeSet;

use super::binding::AuthorizedBinding;
use super::items::Entries;
use crate::domain::{Grant, Mode, ProfileId, ReportKey, WorkspaceId};

/// To which workspaces the grants let something be saved; `None` is a grant that lets it be changed
/// where it is.
type SaveTargets = BTreeSet<Option<WorkspaceId>>;

/// All that one request asks for, authorised together.
#[derive(Clone, Debug)]
pub struct AuthorizedBindings {
    bindings: Vec<AuthorizedBinding>,
    /// For each binding that authors, where it may be saved over each binding's dataset.
    coverage: Vec<Vec<SaveTargets>>,
    profile: Option<ProfileId>,
}

impl AuthorizedBindings {
    pub(super) fn new(
        bindings: Vec<AuthorizedBinding>,
        grants: &[&Grant],
        entries: &Entries,
        profile: Option<ProfileId>,
    ) -> Self {
        let coverage = bindings.iter().map(|author| coverage_of(author, &bindings, grants, entries)).collect();
        Self { bindings, coverage, profile }
    }

    /// The bindings, in the order of the request.
    #[must_use]
    pub fn as_slice(&self) -> &[AuthorizedBinding] {
        &self.bindings
    }

    /// The service principal profile to act as.
    #[must_use]
    pub fn profile(&self) -> Option<ProfileId> {
        self.profile
    }

    /// Whether the grants let `author` do over `other`'s dataset what it does over its own, with a
    /// token that saves to exactly these workspaces. What only views is always let.
    pub(in crate::domain) fn covers(&self, author: usize, other: usize, targets: &BTreeSet<WorkspaceId>) -> bool {
        match self.coverage[author].get(other) {
            None => true,
            Some(granted) if targets.is_empty() => granted.contains(&None),
            Some(granted) => targets.iter().all(|target| granted.contains(&Some(*target))),
        }
    }
}

/// Where grants would let `author` do, over each binding's dataset, what it does over its own;
/// empty for a binding that only views.
fn coverage_of(
    author: &AuthorizedBinding,
    bindings: &[AuthorizedBinding],
    grants: &[&Grant],
    entries: &Entries,
) -> Vec<SaveTargets> {
    let allows: Box<dyn Fn(&Grant) -> bool> = match author.mode {
        Mode::View => return Vec::new(),
        Mode::Edit => Box::new(|grant| grant.modes.contains(&Mode::Edit) && covers_report_of(author, grant, entries)),
        // Who may edit a report and save it under another name may make a new one.
        Mode::Create => Box::new(|grant| {
            grant.modes.contains(&Mode::Create) || (grant.modes.contains(&Mode::Edit) && grant.save_to.is_some())
        }),
    };
    let over = |binding: &AuthorizedBinding| {
        let same: Vec<_> = bindings.iter().filter(|other| other.shares_dataset_with(binding)).collect();
        let opens = |grant: &Grant| same.iter().any(|named| grant.opens(&named.dataset.0, named.dataset().workspace));
        grants.iter().filter(|grant| allows(grant) && opens(grant)).map(|grant| grant.save_to).collect()
    };
    bindings.iter().map(over).collect()
}

/// Whether a grant covers the report that a binding edits, under whatever key.
fn covers_report_of(binding: &AuthorizedBinding, grant: &Grant, entries: &Entries) -> bool {
    let Some((choice, report)) = &binding.report else { return false };
    let is_same = |key: &ReportKey| entries.reports.get(key).is_some_and(|entry| entry.id == report.id);
    grant.covers(choice, report.workspace) || grant.reports.iter().any(is_same)
}
