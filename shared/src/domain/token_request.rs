//! What one embed token shall carry: the union of authorised bindings.

use std::collections::{BTreeMap, BTreeSet};

use super::{AuthorizedBinding, DatasetId, EffectiveIdentity, Mode, ProfileId, ReportId, WorkspaceId};

/// Power BI's limits of one `GenerateToken` V2 call (REST reference).
const MAX_REPORTS: usize = 50;
const MAX_DATASETS: usize = 50;
const MAX_TARGET_WORKSPACES: usize = 50;

/// Whether a dataset may be read through the XMLA endpoint.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum XmlaPermissions {
    /// Not asked for.
    #[default]
    Unset,
    /// Needed by paginated reports and by composite models.
    ReadOnly,
}

/// One identity and the datasets that it is for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct IdentityScope {
    /// Who the viewer is taken for.
    pub identity: EffectiveIdentity,
    /// In these datasets.
    pub datasets: Vec<DatasetId>,
}

/// Everything that decides what an embed token may do, in one canonical form.
///
/// Equal requests give tokens of equal power, so this is also the cache's key.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TokenRequest {
    profile: Option<ProfileId>,
    reports: BTreeMap<ReportId, bool>,
    datasets: BTreeMap<DatasetId, XmlaPermissions>,
    target_workspaces: BTreeSet<WorkspaceId>,
    identities: Vec<IdentityScope>,
    lifetime_minutes: Option<u16>,
}

/// Why bindings cannot share one token.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenRequestError {
    /// More than Power BI takes in one call.
    #[error("the bindings need {found} {what}, and one embed token takes {limit}; ask in several requests")]
    TooMany {
        /// Reports, datasets or workspaces.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Two bindings want the same dataset under different identities.
    #[error("an earlier binding wants the same dataset under another identity; ask for the two in separate requests")]
    IdentityConflict {
        /// The later of the two bindings.
        binding: usize,
    },
}

impl TokenRequest {
    /// The request for one token that covers all of `bindings`.
    ///
    /// `own_datasets` are the reports' own datasets, for those whose catalog
    /// entry asks that the token name them.
    ///
    /// # Errors
    /// Why the bindings cannot share one token.
    pub fn covering(
        bindings: &[AuthorizedBinding],
        own_datasets: &[DatasetId],
        lifetime_minutes: Option<u16>,
    ) -> Result<Self, TokenRequestError> {
        let mut request = Self {
            profile: bindings.first().and_then(AuthorizedBinding::profile),
            reports: BTreeMap::new(),
            datasets: own_datasets.iter().map(|id| (*id, XmlaPermissions::Unset)).collect(),
            target_workspaces: BTreeSet::new(),
            identities: identities_of(bindings)?,
            lifetime_minutes,
        };
        for binding in bindings {
            request.add(binding);
        }
        request.check_limits()?;
        Ok(request)
    }

    fn add(&mut self, binding: &AuthorizedBinding) {
        if let Some(report) = binding.report() {
            *self.reports.entry(report.id).or_default() |= binding.mode() == Mode::Edit;
        }
        let dataset = binding.dataset();
        let through_xmla =
            !dataset.also_needs.is_empty() || binding.report().is_some_and(super::Report::reads_through_xmla);
        let xmla = if through_xmla { XmlaPermissions::ReadOnly } else { XmlaPermissions::Unset };
        self.permit_dataset(dataset.id, xmla);
        for needed in &dataset.also_needs {
            self.permit_dataset(*needed, XmlaPermissions::ReadOnly);
        }
        self.target_workspaces.extend(binding.save_to());
    }

    fn permit_dataset(&mut self, id: DatasetId, xmla: XmlaPermissions) {
        let permitted = self.datasets.entry(id).or_default();
        *permitted = (*permitted).max(xmla);
    }

    fn check_limits(&self) -> Result<(), TokenRequestError> {
        for (what, found, limit) in [
            ("reports", self.reports.len(), MAX_REPORTS),
            ("datasets", self.datasets.len(), MAX_DATASETS),
            ("target workspaces", self.target_workspaces.len(), MAX_TARGET_WORKSPACES),
        ] {
            if found > limit {
                return Err(TokenRequestError::TooMany { what, found, limit });
            }
        }
        Ok(())
    }

    /// The service principal profile to act as.
    #[must_use]
    pub fn profile(&self) -> Option<ProfileId> {
        self.profile
    }

    /// The reports, each with whether it may be edited.
    #[must_use]
    pub fn reports(&self) -> &BTreeMap<ReportId, bool> {
        &self.reports
    }

    /// The datasets, each with its XMLA permission.
    #[must_use]
    pub fn datasets(&self) -> &BTreeMap<DatasetId, XmlaPermissions> {
        &self.datasets
    }

    /// The workspaces into which a page may save.
    #[must_use]
    pub fn target_workspaces(&self) -> &BTreeSet<WorkspaceId> {
        &self.target_workspaces
    }

    /// One entry for each distinct identity, with disjoint datasets.
    #[must_use]
    pub fn identities(&self) -> &[IdentityScope] {
        &self.identities
    }

    /// How long the token shall live at most; `None` leaves it to Power BI.
    #[must_use]
    pub fn lifetime_minutes(&self) -> Option<u16> {
        self.lifetime_minutes
    }
}

/// Groups the datasets by identity, and refuses one dataset under two of them:
/// the page could then choose the more powerful one.
fn identities_of(bindings: &[AuthorizedBinding]) -> Result<Vec<IdentityScope>, TokenRequestError> {
    let mut by_dataset: BTreeMap<DatasetId, Option<&EffectiveIdentity>> = BTreeMap::new();
    for (index, binding) in bindings.iter().enumerate() {
        let earlier = by_dataset.insert(binding.dataset().id, binding.identity());
        if earlier.is_some_and(|earlier| earlier != binding.identity()) {
            return Err(TokenRequestError::IdentityConflict { binding: index });
        }
    }
    let mut by_identity: BTreeMap<&EffectiveIdentity, Vec<DatasetId>> = BTreeMap::new();
    for (dataset, identity) in by_dataset {
        if let Some(identity) = identity {
            by_identity.entry(identity).or_default().push(dataset);
        }
    }
    let scope = |(identity, datasets): (&EffectiveIdentity, _)| IdentityScope { identity: identity.clone(), datasets };
    Ok(by_identity.into_iter().map(scope).collect())
}
