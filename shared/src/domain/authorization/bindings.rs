//! All bindings of a request, and what the grants allow each of them over the others' datasets.

use std::collections::BTreeSet;

use super::binding::AuthorizedBinding;
use super::items::Entries;
use crate::domain::{Grant, Mode, ProfileId, ReportKey, WorkspaceId};

/// The workspaces into which the grants let a report be saved; `None` is a grant that allows changes only
/// in the report's own place.
type SaveTargets = BTreeSet<Option<WorkspaceId>>;

/// All bindings of one request, authorised together.
#[derive(Clone, Debug)]
pub struct AuthorizedBindings {
    bindings: Vec<AuthorizedBinding>,
    /// For each `edit` or `create` binding: where the grants of each binding's dataset key let it be saved.
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
    /// token that saves to exactly these workspaces. Bindings in mode `view` are always permitted.
    ///
    /// A dataset may have several keys. The grants of a key count only if one of the `members` names it, so that
    /// the bindings of a token may also share it in a request without the others.
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

/// Where grants would let `author` do, over the dataset key of each binding, what it does over its own;
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
        // A caller who may edit a report and save it under another name may make a new one.
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
