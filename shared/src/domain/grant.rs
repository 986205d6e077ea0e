//! Grants: which reports a tenant's callers may bind to which datasets.

use std::collections::BTreeSet;

use super::{BindingRequest, Caller, DatasetId, DatasetKey, EntryVersions, Mode, ProfileId, ReportKey, WorkspaceId};

/// A tenant of the product: its grants add up, and nothing is granted across them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tenant {
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
    /// Workspaces of which every dataset may be bound, keyed by its GUID.
    pub workspaces: Vec<WorkspaceId>,
    /// What may be done with the bound report.
    pub modes: BTreeSet<Mode>,
    /// The groups of which a caller needs one; `None` is everybody of the tenant.
    pub groups: Option<Vec<String>>,
    /// Where an edited or new report may be saved.
    pub save_to: Option<WorkspaceId>,
}

/// Why a binding is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Denial {
    /// Unknown and forbidden alike.
    NotEntitled,
    /// Several datasets could be meant.
    DatasetRequired,
    /// The identity needs a claim that the caller has not got.
    ClaimMissing {
        /// The claim's name.
        claim: String,
    },
}

/// The dataset that a permit is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DatasetChoice {
    /// A dataset of the catalog.
    Catalogued(DatasetKey),
    /// A dataset that has to lie in one of these workspaces.
    InWorkspace(DatasetId, Vec<WorkspaceId>),
}

/// A request that a tenant's grants allow, with what they add to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Permit {
    /// The report; `None` where a new one is made.
    pub report: Option<ReportKey>,
    /// What it is bound to.
    pub dataset: DatasetChoice,
    /// What may be done.
    pub mode: Mode,
    /// Where it may be saved; empty in mode `view`.
    pub save_to: BTreeSet<WorkspaceId>,
}

impl Grant {
    /// Whether the grant is for this caller at all.
    #[must_use]
    pub fn applies_to(&self, caller: &Caller) -> bool {
        self.groups.as_ref().is_none_or(|groups| caller.is_in_any(groups))
    }

    fn covers(&self, request: &BindingRequest) -> bool {
        self.modes.contains(&request.mode) && request.report.as_ref().is_none_or(|report| self.reports.contains(report))
    }
}

impl Tenant {
    /// The grants that are for this caller.
    pub fn grants_of<'t>(&'t self, caller: &'t Caller) -> impl Iterator<Item = &'t Grant> + Clone {
        self.grants.iter().filter(|grant| grant.applies_to(caller))
    }

    /// Holds a request against the grants.
    ///
    /// # Errors
    /// [`Denial::NotEntitled`] or [`Denial::DatasetRequired`].
    pub fn permit(&self, caller: &Caller, request: &BindingRequest) -> Result<Permit, Denial> {
        let covering = self.grants_of(caller).filter(|grant| grant.covers(request));
        let (dataset, granting): (_, Vec<&Grant>) = match &request.dataset {
            Some(key) => choose_named(key, covering)?,
            None => choose_only(covering)?,
        };
        let save_to = match request.mode {
            Mode::View => BTreeSet::new(),
            Mode::Edit | Mode::Create => granting.iter().filter_map(|grant| grant.save_to).collect(),
        };
        Ok(Permit { report: request.report.clone(), dataset, mode: request.mode, save_to })
    }
}

fn choose_named<'t>(
    key: &DatasetKey,
    covering: impl Iterator<Item = &'t Grant> + Clone,
) -> Result<(DatasetChoice, Vec<&'t Grant>), Denial> {
    let naming: Vec<_> = covering.clone().filter(|grant| grant.datasets.contains(key)).collect();
    if !naming.is_empty() {
        return Ok((DatasetChoice::Catalogued(key.clone()), naming));
    }
    let id = key.as_str().parse().map_err(|_| Denial::NotEntitled)?;
    let opening: Vec<_> = covering.filter(|grant| !grant.workspaces.is_empty()).collect();
    let workspaces: Vec<_> = opening.iter().flat_map(|grant| grant.workspaces.iter().copied()).collect();
    if workspaces.is_empty() {
        return Err(Denial::NotEntitled);
    }
    Ok((DatasetChoice::InWorkspace(id, workspaces), opening))
}

fn choose_only<'t>(
    covering: impl Iterator<Item = &'t Grant> + Clone,
) -> Result<(DatasetChoice, Vec<&'t Grant>), Denial> {
    let granting: Vec<_> = covering.collect();
    if granting.iter().any(|grant| !grant.workspaces.is_empty()) {
        return Err(Denial::DatasetRequired);
    }
    let keys: BTreeSet<_> = granting.iter().flat_map(|grant| &grant.datasets).collect();
    let mut keys = keys.into_iter();
    match (keys.next(), keys.next()) {
        (None, _) => Err(Denial::NotEntitled),
        (Some(only), None) => {
            let naming = granting.into_iter().filter(|grant| grant.datasets.contains(only)).collect();
            Ok((DatasetChoice::Catalogued(only.clone()), naming))
        }
        (Some(_), Some(_)) => Err(Denial::DatasetRequired),
    }
}
