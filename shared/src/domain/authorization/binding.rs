//! One binding that is authorised.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::items::{Entries, Found, Viewer};
use crate::domain::grant::{DatasetChoice, Permit, ReportChoice};
use crate::domain::{
    Caller, Dataset, DatasetId, Denial, EffectiveIdentity, Grant, IdentityTemplate, Mode, OwnDataset, Report,
    WorkspaceId,
};

/// Proof that a caller's grants allow a binding, with everything that a token request needs.
#[derive(Clone, Debug)]
pub struct AuthorizedBinding {
    pub(super) report: Option<(ReportChoice, Arc<Report>)>,
    pub(super) dataset: (DatasetChoice, Arc<Dataset>),
    pub(super) mode: Mode,
    save_to: BTreeSet<WorkspaceId>,
    identity: Option<EffectiveIdentity>,
    needed: Vec<(DatasetId, Option<EffectiveIdentity>)>,
    own_identity: Option<EffectiveIdentity>,
}

impl AuthorizedBinding {
    pub(super) fn join(
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

    /// The report's key, or its GUID if no key names it.
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

    /// The dataset's key, or its GUID if no key names it.
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

    /// The effective identity, if the catalog gives the dataset one.
    #[must_use]
    pub fn identity(&self) -> Option<&EffectiveIdentity> {
        self.identity.as_ref()
    }

    /// The datasets that its composite model reads, each with its effective identity.
    #[must_use]
    pub fn needed(&self) -> &[(DatasetId, Option<EffectiveIdentity>)] {
        &self.needed
    }

    /// The effective identity of the report's own dataset, if the token names this dataset and the catalog gives it an
    /// identity.
    #[must_use]
    pub fn own_identity(&self) -> Option<&EffectiveIdentity> {
        self.own_identity.as_ref()
    }

    /// Whether both bindings have the same dataset under the same identity.
    pub(super) fn shares_dataset_with(&self, other: &Self) -> bool {
        self.dataset().id == other.dataset().id && self.identity == other.identity
    }
}

fn dataset_of(permit: &Permit<'_>, entries: &Entries, found: &Found) -> Option<Arc<Dataset>> {
    let dataset = match &permit.dataset {
        DatasetChoice::Catalogued(key) => entries.datasets.get(key),
        DatasetChoice::Listed(id) => found.datasets.get(id),
    };
    dataset.cloned()
}

/// The report, and how the request names it; `None` for a new report.
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
