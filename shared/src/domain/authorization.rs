//! Checks a page's request against the grants of its caller.
//!
//! [`Authorization::begin`] checks each request against the grants and determines what has to be looked up;
//! [`Authorization::complete`] joins caller, grants and what was found. There is no other way to make an
//! [`AuthorizedBinding`]:
//!
//! ```compile_fail
//! use dynabind::domain::{AuthorizedBinding, Mode};
//! fn widen(binding: AuthorizedBinding) -> AuthorizedBinding {
//!     AuthorizedBinding { mode: Mode::Edit, ..binding }
//! }
//! ```
//!
//! The step between the two, a permit, is private to `domain`:
//!
//! ```compile_fail
//! use dynabind::domain::Permit;
//! ```

mod binding;
mod bindings;
mod items;

use std::collections::BTreeSet;

pub use binding::AuthorizedBinding;
pub use bindings::AuthorizedBindings;
pub use items::{Entries, Found, Viewer};

use super::grant::{DatasetChoice, Grant, Permit, ReportChoice};
use super::{BindingRequest, Caller, DatasetId, DatasetKey, Denial, Mode, ReportId, ReportKey, Tenant, WorkspaceId};

/// The refusal of one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The index of the request.
    pub binding: usize,
    /// The reason.
    pub denial: Denial,
}

/// Requests that a caller's grants allow, provided that the reports and datasets are found in the granted workspaces.
#[derive(Debug)]
pub struct Authorization<'t> {
    caller: &'t Caller,
    tenant: &'t Tenant,
    permits: Vec<Permit<'t>>,
}

impl<'t> Authorization<'t> {
    /// Checks each request against the grants, up to the first one that is refused. Grants of a tenant that is not the
    /// caller's allow nothing.
    ///
    /// # Errors
    /// Which request no grant allows.
    pub fn begin(caller: &'t Caller, tenant: &'t Tenant, requests: &[BindingRequest]) -> Result<Self, Refusal> {
        if caller.tenant() != Some(tenant.name.as_str()) {
            return Err(Refusal { binding: 0, denial: Denial::NotEntitled });
        }
        let mut permits = Vec::with_capacity(requests.len());
        for (binding, request) in requests.iter().enumerate() {
            permits.push(tenant.permit(caller, request).map_err(|denial| Refusal { binding, denial })?);
        }
        Ok(Self { caller, tenant, permits })
    }

    /// The catalog's reports that have to be read.
    ///
    /// Two keys may name the same report. If several bindings share a token and one of them edits, the reports of other
    /// grants that could allow the edit are read too, because their ids have to be compared.
    #[must_use]
    pub fn report_keys(&self) -> BTreeSet<ReportKey> {
        let asked = self.permits.iter().filter(|permit| permit.mode != Mode::Create);
        let mut keys: BTreeSet<_> = asked.filter_map(|permit| catalogued(permit.report.as_ref()?)).collect();
        if self.permits.len() > 1 && self.permits.iter().any(|permit| permit.mode == Mode::Edit) {
            let editing = self.tenant.grants_of(self.caller).filter(|grant| grant.modes.contains(&Mode::Edit));
            let concerned = editing.filter(|grant| self.permits.iter().any(|permit| may_open(grant, permit)));
            keys.extend(concerned.flat_map(|grant| grant.reports.iter().cloned()));
        }
        keys
    }

    /// The catalog's datasets that have to be read.
    #[must_use]
    pub fn dataset_keys(&self) -> BTreeSet<DatasetKey> {
        let catalogued = |permit: &Permit<'_>| match &permit.dataset {
            DatasetChoice::Catalogued(key) => Some(key.clone()),
            DatasetChoice::Listed(_) => None,
        };
        self.permits.iter().filter_map(catalogued).collect()
    }

    /// Datasets that have to be found in Power BI, each with the workspaces in which it may be.
    pub fn datasets_to_find(&self) -> impl Iterator<Item = (DatasetId, BTreeSet<WorkspaceId>)> {
        self.permits.iter().filter_map(|permit| match permit.dataset {
            DatasetChoice::Listed(id) => {
                Some((id, permit.grants.iter().flat_map(|grant| grant.workspaces.iter().copied()).collect()))
            }
            DatasetChoice::Catalogued(_) => None,
        })
    }

    /// Reports that have to be found in Power BI, each with the workspaces in which it may be.
    pub fn reports_to_find(&self) -> impl Iterator<Item = (ReportId, BTreeSet<WorkspaceId>)> {
        self.permits.iter().filter_map(|permit| match permit.report {
            Some(ReportChoice::Saved(id)) => {
                Some((id, permit.grants.iter().filter_map(|grant| grant.save_to).collect()))
            }
            Some(ReportChoice::Catalogued(_)) | None => None,
        })
    }

    /// Joins caller, grants and what was found.
    ///
    /// # Errors
    /// The first request that is refused: an item is not in a granted workspace, its entry was removed from the
    /// catalog, or an identity needs a claim that the caller does not have.
    pub fn complete(self, entries: &Entries, found: &Found, viewer: Viewer) -> Result<AuthorizedBindings, Refusal> {
        let mut bindings = Vec::with_capacity(self.permits.len());
        for (binding, permit) in self.permits.iter().enumerate() {
            let authorized = AuthorizedBinding::join(self.caller, permit, entries, found, viewer);
            bindings.push(authorized.map_err(|denial| Refusal { binding, denial })?);
        }
        let grants: Vec<_> = self.tenant.grants_of(self.caller).collect();
        let profile = self.tenant.profile.filter(|_| viewer == Viewer::Customer);
        Ok(AuthorizedBindings::new(bindings, &grants, entries, profile))
    }
}

fn catalogued(report: &ReportChoice) -> Option<ReportKey> {
    if let ReportChoice::Catalogued(key) = report { Some(key.clone()) } else { None }
}

fn may_open(grant: &Grant, permit: &Permit<'_>) -> bool {
    match &permit.dataset {
        DatasetChoice::Catalogued(key) => grant.datasets.contains(key),
        DatasetChoice::Listed(_) => !grant.workspaces.is_empty(),
    }
}

#[cfg(test)]
mod tests;
