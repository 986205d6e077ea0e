//! All bindings of a request, and what the grants allow each of them with the datasets of the others.

use std::collections::BTreeSet;

use super::binding::AuthorizedBinding;
use super::items::Entries;
use crate::domain::{Grant, Mode, ProfileId, ReportKey, WorkspaceId};

/// The workspaces into which the grants let a report be saved. `None` stands for a grant without `saveTo`, under which
/// a report can be changed only in its own workspace.
type SaveTargets = BTreeSet<Option<WorkspaceId>>;

/// All bindings of one request, authorised together.
#[derive(Clone, Debug)]
pub struct AuthorizedBindings {
    bindings: Vec<AuthorizedBinding>,
    /// A row for each binding; the row is empty in mode `view`. A row has a cell for the dataset key of each binding:
    /// the workspaces into which the grants would let the row's binding save with this dataset.
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

    /// Whether the grants let `author` do with the dataset of `other` what it does with its own, if the token saves to
    /// exactly the workspaces in `targets`. This is always true if `author` has the mode `view`.
    ///
    /// A dataset may have several keys. The grants of a key count only if one of the `members` names this key. So the
    /// result does not depend on bindings of the request that get another token.
    pub(in crate::domain) fn covers(
        &self,
        author: usize,
        other: usize,
        members: &[usize],
        targets: &BTreeSet<WorkspaceId>,
    ) -> bool {
        let Some(over) = self.coverage.get(author).filter(|over| !over.is_empty()) else { return true };
        let dataset = &self.bindings[other];
        let keys: Vec<_> =
            members.iter().filter(|member| self.bindings[**member].shares_dataset_with(dataset)).collect();
        let is_granted = |target: Option<WorkspaceId>| keys.iter().any(|key| over[**key].contains(&target));
        if targets.is_empty() { is_granted(None) } else { targets.iter().all(|target| is_granted(Some(*target))) }
    }
}

/// For the dataset key of each binding: the workspaces into which the grants would let `author` save with this dataset.
/// Empty if `author` only views.
fn coverage_of(
    author: &AuthorizedBinding,
    bindings: &[AuthorizedBinding],
    grants: &[&Grant],
    entries: &Entries,
) -> Vec<SaveTargets> {
    let allows: Box<dyn Fn(&Grant) -> bool> = match author.mode {
        Mode::View => return Vec::new(),
        Mode::Edit => Box::new(|grant| grant.modes.contains(&Mode::Edit) && covers_report_of(author, grant, entries)),
        // A caller who may edit a report and save it under another name may also make a new one.
        Mode::Create => Box::new(|grant| {
            grant.modes.contains(&Mode::Create) || (grant.modes.contains(&Mode::Edit) && grant.save_to.is_some())
        }),
    };
    let over = |binding: &AuthorizedBinding| {
        let opens = |grant: &Grant| grant.opens(&binding.dataset.0, binding.dataset().workspace);
        grants.iter().filter(|grant| allows(grant) && opens(grant)).map(|grant| grant.save_to).collect()
    };
    bindings.iter().map(over).collect()
}

/// Whether a grant covers the report that a binding edits, under any key.
fn covers_report_of(binding: &AuthorizedBinding, grant: &Grant, entries: &Entries) -> bool {
    let Some((choice, report)) = &binding.report else { return false };
    let is_same = |key: &ReportKey| entries.reports.get(key).is_some_and(|entry| entry.id == report.id);
    grant.covers(choice, report.workspace) || grant.reports.iter().any(is_same)
}
