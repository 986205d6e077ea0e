//! From what a page asks for to what its caller's grants allow.
//!
//! [`Authorization::begin`] holds each request against the grants and says what has to be looked
//! up; [`Authorization::complete`] joins caller, grants and what was found. There is no other way
//! to an [`AuthorizedBinding`]:
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

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::grant::{DatasetChoice, Grant, Permit, ReportChoice};
use super::{
    BindingRequest, Caller, Dataset, DatasetId, DatasetKey, Denial, EffectiveIdentity, IdentityTemplate, Mode,
    OwnDataset, ProfileId, Report, ReportId, ReportKey, Tenant, WorkspaceId,
};

/// Entries of the catalog.
#[derive(Debug, Default)]
pub struct Entries {
    /// The reports among those asked for.
    pub reports: HashMap<ReportKey, Arc<Report>>,
    /// The datasets among those asked for.
    pub datasets: HashMap<DatasetKey, Arc<Dataset>>,
}

/// Items that no entry of the catalog names, with the workspaces in which Power BI has found them.
#[derive(Debug, Default)]
pub struct Found {
    /// Reports in workspaces that grants save to.
    pub reports: HashMap<ReportId, Arc<Report>>,
    /// Datasets in workspaces that grants open.
    pub datasets: HashMap<DatasetId, Arc<Dataset>>,
}

/// Whom Power BI takes the viewer for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Viewer {
    /// The effective identity that the catalog's templates make of the caller's claims.
    Customer,
    /// The user, whom Power BI knows itself.
    User,
}

/// One request is refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Which of them.
    pub binding: usize,
    /// Why.
    pub denial: Denial,
}

/// Requests that a caller's grants allow, if what they name is found where the grants say.
#[derive(Debug)]
pub struct Authorization<'t> {
    caller: &'t Caller,
    tenant: &'t Tenant,
    permits: Vec<Permit<'t>>,
}

impl<'t> Authorization<'t> {
    /// Holds each request against the grants; the first that fails decides. Grants of a tenant that
    /// is not the caller's allow nothing.
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
    /// Two keys may name one report. Where several bindings are to share a token and one of them
    /// edits, the reports of the other grants that could allow it are read too, for their ids.
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

    /// Datasets that have to be found, each in one of these workspaces.
    pub fn datasets_to_find(&self) -> impl Iterator<Item = (DatasetId, BTreeSet<WorkspaceId>)> {
        self.permits.iter().filter_map(|permit| match permit.dataset {
            DatasetChoice::Listed(id) => {
                Some((id, permit.grants.iter().flat_map(|grant| grant.workspaces.iter().copied()).collect()))
            }
            DatasetChoice::Catalogued(_) => None,
        })
    }

    /// Reports that have to be found, each in one of these workspaces.
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
    /// The first request that the grants do not cover after all, since an item is not where they
    /// say or the catalog has lost its entry, or whose identity lacks a claim.
    pub fn complete(self, entries: &Entries, found: &Found, viewer: Viewer) -> Result<AuthorizedBindings, Refusal> {
        let mut bindings = Vec::with_capacity(self.permits.len());
        for (binding, permit) in self.permits.iter().enumerate() {
            let authorized = AuthorizedBinding::join(self.caller, permit, entries, found, viewer);
            bindings.push(authorized.map_err(|denial| Refusal { binding, denial })?);
        }
        let grants: Vec<_> = self.tenant.grants_of(self.caller).collect();
        let coverage = bindings.iter().map(|author| coverage_of(author, &bindings, &grants, entries)).collect();
        let profile = self.tenant.profile.filter(|_| viewer == Viewer::Customer);
        Ok(AuthorizedBindings { bindings, coverage, profile })
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

fn dataset_of(permit: &Permit<'_>, entries: &Entries, found: &Found) -> Option<Arc<Dataset>> {
    let dataset = match &permit.dataset {
        DatasetChoice::Catalogued(key) => entries.datasets.get(key),
        DatasetChoice::Listed(id) => found.datasets.get(id),
    };
    dataset.cloned()
}

/// The report with the way in which it was named; a new one has none.
fn report_of(
    permit: &Permit<'_>,
    entries: &Entries,
    found: &Found,
) -> Result<Option<(ReportChoice, Arc<Report>)>, Denial> {
    let Some(choice) = permit.report.as_ref().filter(|_| permit.mode != Mode::Create) else { return Ok(None) };
    let report = match choice {
        ReportChoice::Catalogued(key) => entries.reports.get(key),
        ReportChoice::Saved(id) => found.reports.get(id),
    };
    Ok(Some((choice.clone(), Arc::clone(report.ok_or(Denial::NotEntitled)?))))
}

/// Proof that a caller's grants allow a binding, with all that a token needs.
#[derive(Clone, Debug)]
pub struct AuthorizedBinding {
    report: Option<(ReportChoice, Arc<Report>)>,
    dataset: (DatasetChoice, Arc<Dataset>),
    mode: Mode,
    save_to: BTreeSet<WorkspaceId>,
    identity: Option<EffectiveIdentity>,
    needed: Vec<(DatasetId, Option<EffectiveIdentity>)>,
    own_identity: Option<EffectiveIdentity>,
}

impl AuthorizedBinding {
    fn join(
        caller: &Caller,
        permit: &Permit<'_>,
        entries: &Entries,
        found: &Found,
        viewer: Viewer,
    ) -> Result<Self, Denial> {
        let dataset = dataset_of(permit, entries, found).ok_or(Denial::NotEntitled)?;
        let report = report_of(permit, entries, found)?;
        let opens = |grant: &&&Grant| {
            let covers_report = |(choice, report): &(ReportChoice, Arc<Report>)| grant.covers(choice, report.workspace);
            grant.opens(&permit.dataset, dataset.workspace) && report.as_ref().is_none_or(covers_report)
        };
        let opening: Vec<_> = permit.grants.iter().filter(opens).collect();
        if opening.is_empty() {
            return Err(Denial::NotEntitled);
        }
        let save_to = match permit.mode {
            Mode::View => BTreeSet::new(),
            Mode::Edit | Mode::Create => opening.iter().filter_map(|grant| grant.save_to).collect(),
        };
        let render = |template: Option<&IdentityTemplate>| match viewer {
            Viewer::Customer => template.map(|template| template.render(caller)).transpose(),
            Viewer::User => Ok(None),
        };
        let needed = dataset.also_needs.iter().map(|needed| Ok((needed.id, render(needed.identity.as_ref())?)));
        let own = report.as_ref().and_then(|(_, report)| match &report.own_dataset {
            OwnDataset::Included { identity } => identity.as_ref(),
            OwnDataset::Excluded => None,
        });
        Ok(Self {
            identity: render(dataset.identity.as_ref())?,
            needed: needed.collect::<Result<_, Denial>>()?,
            own_identity: render(own)?,
            report,
            dataset: (permit.dataset.clone(), dataset),
            mode: permit.mode,
            save_to,
        })
    }

    /// The report; `None` in mode `create`.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref().map(|(_, report)| report.as_ref())
    }

    /// The report's key, or its GUID where no key names it.
    #[must_use]
    pub fn report_key(&self) -> Option<String> {
        self.report.as_ref().map(|(choice, _)| match choice {
            ReportChoice::Catalogued(key) => key.to_string(),
            ReportChoice::Saved(id) => id.to_string(),
        })
    }

    /// The dataset it is bound to.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        &self.dataset.1
    }

    /// The dataset's key, or its GUID where no key names it.
    #[must_use]
    pub fn dataset_key(&self) -> String {
        match &self.dataset.0 {
            DatasetChoice::Catalogued(key) => key.to_string(),
            DatasetChoice::Listed(id) => id.to_string(),
        }
    }

    /// What may be done with it.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The workspaces into which it may be saved.
    #[must_use]
    pub fn save_to(&self) -> &BTreeSet<WorkspaceId> {
        &self.save_to
    }

    /// The effective identity, where the catalog gives the dataset one.
    #[must_use]
    pub fn identity(&self) -> Option<&EffectiveIdentity> {
        self.identity.as_ref()
    }

    /// The datasets that its composite model reads, each with its effective identity.
    #[must_use]
    pub fn needed(&self) -> &[(DatasetId, Option<EffectiveIdentity>)] {
        &self.needed
    }

    /// The effective identity of the report's own dataset, where the token names that and the
    /// catalog gives it one.
    #[must_use]
    pub fn own_identity(&self) -> Option<&EffectiveIdentity> {
        self.own_identity.as_ref()
    }

    /// Whether both are the same dataset under the same identity.
    fn shares_dataset_with(&self, other: &Self) -> bool {
        self.dataset().id == other.dataset().id && self.identity == other.identity
    }
}

/// To which workspaces the grants let something be saved; `None` is a grant that lets it be changed
/// where it is.
type SaveTargets = BTreeSet<Option<WorkspaceId>>;

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

/// All that one request asks for, authorised together.
#[derive(Clone, Debug)]
pub struct AuthorizedBindings {
    bindings: Vec<AuthorizedBinding>,
    /// For each binding that authors, where it may be saved over each binding's dataset.
    coverage: Vec<Vec<SaveTargets>>,
    profile: Option<ProfileId>,
}

impl AuthorizedBindings {
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
    pub(super) fn covers(&self, author: usize, other: usize, targets: &BTreeSet<WorkspaceId>) -> bool {
        match self.coverage[author].get(other) {
            None => true,
            Some(granted) if targets.is_empty() => granted.contains(&None),
            Some(granted) => targets.iter().all(|target| granted.contains(&Some(*target))),
        }
    }
}
