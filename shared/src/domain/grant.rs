//! Grants: which reports a tenant's callers may bind to which datasets.

use std::collections::BTreeSet;

use super::{
    BindingRequest, Caller, DatasetId, DatasetKey, EntryVersions, Mode, ProfileId, ReportId, ReportKey, WorkspaceId,
};

/// A tenant of the product. Its grants add up, but reports of one grant cannot be bound to datasets of another.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tenant {
    /// The value of the tenant claim that its callers have.
    pub name: String,
    /// The service principal profile to act as for this tenant.
    pub profile: Option<ProfileId>,
    /// What its callers may bind.
    pub grants: Vec<Grant>,
    /// The versions of the entries that the grants name.
    pub versions: EntryVersions,
}

/// These reports may be bound to these datasets, in these modes, by these groups.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Keys of the reports.
    pub reports: BTreeSet<ReportKey>,
    /// Keys of the datasets.
    pub datasets: BTreeSet<DatasetKey>,
    /// Workspaces whose datasets may all be bound. A page names such a dataset by its GUID.
    pub workspaces: Vec<WorkspaceId>,
    /// What may be done with the bound report.
    pub modes: BTreeSet<Mode>,
    /// A caller has to be in one of these groups. With `None`, the grant is for every caller of the tenant.
    pub groups: Option<Vec<String>>,
    /// The workspace into which an edited or new report may be saved. The grant also covers the reports in this
    /// workspace; a page names them by their GUIDs.
    pub save_to: Option<WorkspaceId>,
}

/// Why a binding is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Denial {
    /// No grant covers the binding. Unknown and forbidden items get the same answer.
    NotEntitled,
    /// The request names no dataset, and the grants allow several.
    DatasetRequired,
    /// The identity needs a claim that the caller does not have.
    ClaimMissing {
        /// The claim's name.
        claim: String,
    },
}

/// How a request names its report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ReportChoice {
    /// By a key of the catalog.
    Catalogued(ReportKey),
    /// By its GUID: it has to be in the workspace that a grant saves to.
    Saved(ReportId),
}

/// How a request names its dataset.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum DatasetChoice {
    /// By a key of the catalog.
    Catalogued(DatasetKey),
    /// By its GUID: it has to be in a workspace that a grant opens.
    Listed(DatasetId),
}

/// A request that a tenant's grants allow, provided that its items are found in the granted workspaces.
///
/// It borrows the grants that allow it, so it cannot be completed with the grants of another caller.
#[derive(Clone, Debug)]
pub(super) struct Permit<'t> {
    pub(super) report: Option<ReportChoice>,
    pub(super) dataset: DatasetChoice,
    pub(super) mode: Mode,
    /// The grants that allow the request. At least one of them has to open the items that are found.
    pub(super) grants: Vec<&'t Grant>,
}

impl Grant {
    /// Whether the grant is for this caller.
    #[must_use]
    pub fn applies_to(&self, caller: &Caller) -> bool {
        self.groups.as_ref().is_none_or(|groups| caller.is_in_any(groups))
    }

    /// Whether the grant opens a dataset that the request names in this way and that is in `workspace`.
    pub(super) fn opens(&self, dataset: &DatasetChoice, workspace: WorkspaceId) -> bool {
        match dataset {
            DatasetChoice::Catalogued(key) => self.datasets.contains(key),
            DatasetChoice::Listed(_) => self.workspaces.contains(&workspace),
        }
    }

    /// Whether the grant covers a report that the request names in this way and that is in `workspace`.
    pub(super) fn covers(&self, report: &ReportChoice, workspace: WorkspaceId) -> bool {
        match report {
            ReportChoice::Catalogued(key) => self.reports.contains(key),
            ReportChoice::Saved(_) => self.save_to == Some(workspace),
        }
    }
}

impl Tenant {
    /// The grants that are for this caller.
    pub fn grants_of<'t>(&'t self, caller: &Caller) -> impl Iterator<Item = &'t Grant> {
        self.grants.iter().filter(|grant| grant.applies_to(caller))
    }

    /// Those of `reports` that the caller's grants name by their keys. A GUID is left out without an error if a grant
    /// has `saveTo`, because it may belong to a report that a page has saved.
    ///
    /// # Errors
    /// [`Denial::NotEntitled`] for a report that no grant can cover.
    pub fn granted_reports(
        &self,
        caller: &Caller,
        reports: &BTreeSet<ReportKey>,
    ) -> Result<BTreeSet<ReportKey>, Denial> {
        let is_tenants_own = caller.tenant() == Some(self.name.as_str());
        let grants: Vec<_> = self.grants_of(caller).filter(|_| is_tenants_own).collect();
        let is_named = |key: &&ReportKey| grants.iter().any(|grant| grant.reports.contains(*key));
        let saves = grants.iter().any(|grant| grant.save_to.is_some());
        let may_be_saved = |key: &ReportKey| saves && key.as_str().parse::<ReportId>().is_ok();
        if reports.iter().all(|key| is_named(&key) || may_be_saved(key)) {
            Ok(reports.iter().filter(is_named).cloned().collect())
        } else {
            Err(Denial::NotEntitled)
        }
    }

    /// Checks a request against a caller's grants.
    ///
    /// # Errors
    /// [`Denial::NotEntitled`] or [`Denial::DatasetRequired`].
    pub(super) fn permit(&self, caller: &Caller, request: &BindingRequest) -> Result<Permit<'_>, Denial> {
        let in_mode: Vec<_> = self.grants_of(caller).filter(|grant| grant.modes.contains(&request.mode)).collect();
        let (report, covering) = choose_report(request, in_mode)?;
        let (dataset, grants) = match &request.dataset {
            Some(key) => choose_named(key, &covering)?,
            None => choose_only(&covering)?,
        };
        Ok(Permit { report, dataset, mode: request.mode, grants })
    }
}

fn choose_report<'t>(
    request: &BindingRequest,
    grants: Vec<&'t Grant>,
) -> Result<(Option<ReportChoice>, Vec<&'t Grant>), Denial> {
    let Some(key) = &request.report else { return Ok((None, grants)) };
    let naming: Vec<_> = grants.iter().copied().filter(|grant| grant.reports.contains(key)).collect();
    if !naming.is_empty() {
        return Ok((Some(ReportChoice::Catalogued(key.clone())), naming));
    }
    let saved = key.as_str().parse().ok().filter(|_| request.mode != Mode::Create);
    let id = saved.ok_or(Denial::NotEntitled)?;
    let saving: Vec<_> = grants.into_iter().filter(|grant| grant.save_to.is_some()).collect();
    if saving.is_empty() { Err(Denial::NotEntitled) } else { Ok((Some(ReportChoice::Saved(id)), saving)) }
}

fn choose_named<'t>(key: &DatasetKey, covering: &[&'t Grant]) -> Result<(DatasetChoice, Vec<&'t Grant>), Denial> {
    let naming: Vec<_> = covering.iter().copied().filter(|grant| grant.datasets.contains(key)).collect();
    if !naming.is_empty() {
        return Ok((DatasetChoice::Catalogued(key.clone()), naming));
    }
    let id = key.as_str().parse().map_err(|_| Denial::NotEntitled)?;
    let opening: Vec<_> = covering.iter().copied().filter(|grant| !grant.workspaces.is_empty()).collect();
    if opening.is_empty() { Err(Denial::NotEntitled) } else { Ok((DatasetChoice::Listed(id), opening)) }
}

fn choose_only<'t>(covering: &[&'t Grant]) -> Result<(DatasetChoice, Vec<&'t Grant>), Denial> {
    if covering.iter().any(|grant| !grant.workspaces.is_empty()) {
        return Err(Denial::DatasetRequired);
    }
    let keys: BTreeSet<_> = covering.iter().flat_map(|grant| &grant.datasets).collect();
    let mut keys = keys.into_iter();
    match (keys.next(), keys.next()) {
        (None, _) => Err(Denial::NotEntitled),
        (Some(only), None) => choose_named(only, covering),
        (Some(_), Some(_)) => Err(Denial::DatasetRequired),
    }
}

#[cfg(test)]
mod tests;
