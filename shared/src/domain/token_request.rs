//! The content of one embed token: its bindings may use all of its datasets, and the grants allow each combination.
//!
//! Power BI does not know bindings. `allowEdit` of a report applies to every dataset of the token, and
//! `targetWorkspaces` applies to the whole token. A [`TokenRequest`] therefore exists only for bindings whose rights
//! are all granted for all of the datasets. Other bindings need separate requests.

mod identities;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use self::identities::Identities;
pub use self::identities::IdentityScope;
use super::{AuthorizedBinding, AuthorizedBindings, DatasetId, Mode, ProfileId, ReportId, WorkspaceId};

/// Power BI's limits of one `GenerateToken` V2 call (REST reference).
const MAX_REPORTS: usize = 50;
const MAX_DATASETS: usize = 50;
const MAX_TARGET_WORKSPACES: usize = 50;

/// Whether a dataset may be read through the XMLA endpoint.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum XmlaPermissions {
    /// Not requested.
    #[default]
    Unset,
    /// Needed by paginated reports and by composite models.
    ReadOnly,
}

/// Everything that decides what an embed token may do, in one canonical form.
///
/// Equal requests give tokens with equal permissions. The request is therefore also the key of the cache, and its JSON
/// text is a part of the key in the shared store. Only [`TokenRequest::sharing`] makes a request:
///
/// ```compile_fail
/// fn widen(request: dynabind::domain::TokenRequest) -> dynabind::domain::TokenRequest {
///     dynabind::domain::TokenRequest { lifetime_minutes: None, ..request }
/// }
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct TokenRequest {
    profile: Option<ProfileId>,
    reports: BTreeMap<ReportId, bool>,
    datasets: BTreeMap<DatasetId, XmlaPermissions>,
    target_workspaces: BTreeSet<WorkspaceId>,
    identities: Vec<IdentityScope>,
    lifetime_minutes: Option<u16>,
}

/// Why bindings cannot share a token.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenRequestError {
    /// More than Power BI accepts in one call.
    #[error("the bindings need {found} {what}, but one embed token takes at most {limit}; send several requests")]
    TooMany {
        /// Reports, datasets or workspaces.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// One token for all of them would allow more than the grants do.
    #[error("these bindings may not share a token")]
    Conflict {
        /// The indices of the bindings that need separate requests, in ascending order. The others may share a request.
        apart: Vec<usize>,
    },
}

/// The datasets that reports were built on, if tokens have to name them.
pub type OwnDatasets = HashMap<ReportId, DatasetId>;

impl TokenRequest {
    /// The request for one token that covers all of `bindings` and allows none of them more than the grants do.
    ///
    /// # Errors
    /// Why there is no such token.
    pub fn sharing(
        bindings: &AuthorizedBindings,
        own_datasets: &OwnDatasets,
        lifetime_minutes: Option<u16>,
    ) -> Result<Self, TokenRequestError> {
        let mut table = Table::new(bindings, own_datasets);
        let apart: Vec<usize> = in_order_of_sharing(bindings).filter(|index| !table.admit(*index)).collect();
        if !apart.is_empty() {
            return Err(TokenRequestError::Conflict { apart: BTreeSet::from_iter(apart).into_iter().collect() });
        }
        let request = table.into_request(lifetime_minutes);
        request.check_limits()?;
        Ok(request)
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

    /// The longest life of the token; with `None`, Power BI decides.
    #[must_use]
    pub fn lifetime_minutes(&self) -> Option<u16> {
        self.lifetime_minutes
    }
}

/// Bindings that only view come first. They can share a token with most others, so the fewest bindings need separate
/// requests.
fn in_order_of_sharing(bindings: &AuthorizedBindings) -> impl Iterator<Item = usize> {
    let indices = |views: bool| {
        let binding = bindings.as_slice().iter().enumerate();
        binding.filter(move |(_, binding)| (binding.mode() == Mode::View) == views).map(|(index, _)| index)
    };
    indices(true).chain(indices(false))
}

/// The bindings that share a token so far. All of their rights are granted for all of their datasets.
struct Table<'b> {
    bindings: &'b AuthorizedBindings,
    own_datasets: &'b OwnDatasets,
    members: Vec<usize>,
    targets: BTreeSet<WorkspaceId>,
    identities: Identities<'b>,
}

impl<'b> Table<'b> {
    fn new(bindings: &'b AuthorizedBindings, own_datasets: &'b OwnDatasets) -> Self {
        let identities = Identities::default();
        Self { bindings, own_datasets, members: Vec::new(), targets: BTreeSet::new(), identities }
    }

    /// Adds a binding, unless sharing the token would give a permission to it or to another binding.
    fn admit(&mut self, index: usize) -> bool {
        let binding = &self.bindings.as_slice()[index];
        let targets: BTreeSet<_> = self.targets.union(binding.save_to()).copied().collect();
        let members: Vec<_> = self.members.iter().copied().chain([index]).collect();
        let is_granted = |author: usize, other: usize| {
            self.bindings.covers(author, other, &members, &targets) && !self.adds_own_dataset(author, other)
        };
        let is_old = |author: usize, other: usize| author != index && other != index && targets == self.targets;
        let mut cells = members.iter().flat_map(|author| members.iter().map(move |other| (*author, *other)));
        if !cells.all(|(author, other)| is_old(author, other) || is_granted(author, other)) {
            return false;
        }
        let Some(identities) = self.identities.with(binding, self.own_dataset(binding)) else { return false };
        self.identities = identities;
        self.targets = targets;
        self.members = members;
        true
    }

    /// Whether a token for both would give `author` a dataset that neither a grant nor an entry gives it: the own
    /// dataset of the report of `other`.
    fn adds_own_dataset(&self, author: usize, other: usize) -> bool {
        let [author, other] = [author, other].map(|index| &self.bindings.as_slice()[index]);
        let is_another = author.report().map(|report| report.id) != other.report().map(|report| report.id);
        author.mode() != Mode::View && is_another && other.report().is_some_and(super::Report::includes_own_dataset)
    }

    fn own_dataset(&self, binding: &AuthorizedBinding) -> Option<DatasetId> {
        let report = binding.report().filter(|report| report.includes_own_dataset())?;
        self.own_datasets.get(&report.id).copied()
    }

    fn into_request(self, lifetime_minutes: Option<u16>) -> TokenRequest {
        let (mut reports, mut datasets) = (BTreeMap::new(), BTreeMap::new());
        for binding in self.members.iter().map(|index| &self.bindings.as_slice()[*index]) {
            add_reports(&mut reports, binding);
            add_datasets(&mut datasets, binding);
            if let Some(own) = self.own_dataset(binding) {
                datasets.entry(own).or_default();
            }
        }
        TokenRequest {
            profile: self.bindings.profile(),
            reports,
            datasets,
            target_workspaces: self.targets,
            identities: self.identities.into_scopes(),
            lifetime_minutes,
        }
    }
}

fn add_reports(reports: &mut BTreeMap<ReportId, bool>, binding: &AuthorizedBinding) {
    let Some(report) = binding.report() else { return };
    *reports.entry(report.id).or_default() |= binding.mode() == Mode::Edit;
    for shown in &report.paginated_reports {
        reports.entry(*shown).or_default();
    }
}

fn add_datasets(datasets: &mut BTreeMap<DatasetId, XmlaPermissions>, binding: &AuthorizedBinding) {
    let through_xmla = !binding.needed().is_empty() || binding.report().is_some_and(super::Report::reads_through_xmla);
    let xmla = if through_xmla { XmlaPermissions::ReadOnly } else { XmlaPermissions::Unset };
    let needed = binding.needed().iter().map(|(id, _)| (*id, XmlaPermissions::ReadOnly));
    for (id, xmla) in needed.chain([(binding.dataset().id, xmla)]) {
        let permitted = datasets.entry(id).or_default();
        *permitted = (*permitted).max(xmla);
    }
}

#[cfg(test)]
mod tests;
