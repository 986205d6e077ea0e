//! The effective identity of each dataset. A token has only one for each, because the page could choose among several.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{AuthorizedBinding, DatasetId, EffectiveIdentity, Report, ReportId};

/// One identity, and the items to which it applies.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
pub struct IdentityScope {
    /// The identity.
    pub identity: EffectiveIdentity,
    /// The datasets to which it applies.
    pub datasets: Vec<DatasetId>,
    /// The paginated reports whose `UserID` it is.
    pub reports: Vec<ReportId>,
}

/// What a binding requires of a dataset's identity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Statement<'b> {
    /// The dataset has exactly this identity; with `None`, it has none.
    Is(Option<&'b EffectiveIdentity>),
    /// Nothing: the dataset is named for a composite model or a report that was built on it.
    Nothing,
}

impl<'b> Statement<'b> {
    /// The requirement of an entry that may omit the identity.
    fn of(identity: Option<&'b EffectiveIdentity>) -> Self {
        identity.map_or(Self::Nothing, |identity| Self::Is(Some(identity)))
    }

    /// Both requirements together; `None` if they contradict each other.
    fn with(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Nothing, said) | (said, Self::Nothing) => Some(said),
            (one, other) => (one == other).then_some(one),
        }
    }
}

/// The identities of a token so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Identities<'b> {
    datasets: BTreeMap<DatasetId, Statement<'b>>,
    /// The requirements for the own dataset of each report. The id of this dataset is known only after a call to Power
    /// BI, but conflicts have to be found before the call.
    own_datasets: BTreeMap<ReportId, Statement<'b>>,
    /// The requirements for paginated reports.
    reports: BTreeMap<ReportId, Statement<'b>>,
}

impl<'b> Identities<'b> {
    /// Adds the identities of one more binding; `None` if a dataset or a paginated report would have
    /// two identities.
    pub(super) fn with(&self, binding: &'b AuthorizedBinding, own_dataset: Option<DatasetId>) -> Option<Self> {
        let mut all = self.clone();
        for (dataset, said) in statements(binding, own_dataset)? {
            add(&mut all.datasets, dataset, said)?;
        }
        if let Some(report) = binding.report().filter(|report| report.includes_own_dataset()) {
            add(&mut all.own_datasets, report.id, Statement::of(binding.own_identity()))?;
        }
        for report in binding.report().into_iter().flat_map(Report::paginated) {
            add(&mut all.reports, report, Statement::of(binding.identity()))?;
        }
        Some(all)
    }

    /// One entry for each distinct identity, with disjoint datasets.
    pub(super) fn into_scopes(self) -> Vec<IdentityScope> {
        let mut scopes: BTreeMap<&EffectiveIdentity, (Vec<DatasetId>, Vec<ReportId>)> = BTreeMap::new();
        for (dataset, said) in self.datasets {
            if let Statement::Is(Some(identity)) = said {
                scopes.entry(identity).or_default().0.push(dataset);
            }
        }
        for (report, said) in self.reports {
            if let Statement::Is(Some(identity)) = said {
                scopes.entry(identity).or_default().1.push(report);
            }
        }
        let scope = |(identity, (datasets, reports)): (&EffectiveIdentity, _)| IdentityScope {
            identity: identity.clone(),
            datasets,
            reports,
        };
        scopes.into_iter().map(scope).collect()
    }
}

/// What a binding requires of each dataset that its token names; `None` if it contradicts itself.
///
/// For the bound dataset, its own entry decides, even if the report's entry or a
/// composite model names the same dataset.
fn statements(
    binding: &AuthorizedBinding,
    own_dataset: Option<DatasetId>,
) -> Option<BTreeMap<DatasetId, Statement<'_>>> {
    let bound = binding.dataset().id;
    let of_own = own_dataset.map(|id| (id, binding.own_identity()));
    let of_needed = binding.needed().iter().map(|(id, identity)| (*id, identity.as_ref()));
    let mut statements = BTreeMap::from([(bound, Statement::Is(binding.identity()))]);
    for (id, identity) in of_needed.chain(of_own).filter(|(id, _)| *id != bound) {
        add(&mut statements, id, Statement::of(identity))?;
    }
    Some(statements)
}

/// Adds a requirement for an item; `None` if it contradicts an earlier one.
fn add<'b, K: Ord>(all: &mut BTreeMap<K, Statement<'b>>, item: K, said: Statement<'b>) -> Option<()> {
    let together = all.get(&item).map_or(Some(said), |before| before.with(said))?;
    all.insert(item, together);
    Some(())
}
