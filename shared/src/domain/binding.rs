//! A binding, asked for and authorised.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

use super::{
    Caller, Dataset, DatasetKey, Denial, EffectiveIdentity, Permit, ProfileId, Report, ReportKey, WorkspaceId,
};

/// What the page wants to do with the bound report.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Look at it.
    #[default]
    View,
    /// Change it.
    Edit,
    /// Make a new report on the dataset.
    Create,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "view" => Ok(Self::View),
            "edit" => Ok(Self::Edit),
            "create" => Ok(Self::Create),
            _ => Err("expected one of view, edit, create"),
        }
    }
}

/// One binding as a page asks for it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct BindingRequest {
    /// The report's key; `None` only in mode `create`.
    pub report: Option<ReportKey>,
    /// The dataset's key; `None` leaves it to the grants.
    pub dataset: Option<DatasetKey>,
    /// What to do with it.
    pub mode: Mode,
}

/// Proof that a caller's grants allow a binding, with all that a token needs.
///
/// Its two constructors want a [`Permit`], which only
/// [`super::Tenant::permit`] gives out.
#[derive(Clone, Debug)]
pub struct AuthorizedBinding {
    report: Option<Arc<Report>>,
    dataset: Arc<Dataset>,
    mode: Mode,
    save_to: BTreeSet<WorkspaceId>,
    identity: Option<EffectiveIdentity>,
    profile: Option<ProfileId>,
}

impl AuthorizedBinding {
    /// Joins a permit with the catalog's entries for the keys that it names, for
    /// a customer, whose effective identity is made of verified claims.
    ///
    /// # Errors
    /// [`Denial::ClaimMissing`] where the dataset's identity cannot be filled.
    pub fn for_customer(
        caller: &Caller,
        profile: Option<ProfileId>,
        permit: Permit,
        report: Option<Arc<Report>>,
        dataset: Arc<Dataset>,
    ) -> Result<Self, Denial> {
        let identity = dataset.identity.as_ref().map(|template| template.render(caller)).transpose()?;
        Ok(Self { report, dataset, mode: permit.mode, save_to: permit.save_to, identity, profile })
    }

    /// The same for a user of the own organization, whom Power BI knows itself.
    #[must_use]
    pub fn for_user(permit: Permit, report: Option<Arc<Report>>, dataset: Arc<Dataset>) -> Self {
        Self { report, dataset, mode: permit.mode, save_to: permit.save_to, identity: None, profile: None }
    }

    /// The report; `None` in mode `create`.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        if self.mode == Mode::Create { None } else { self.report.as_deref() }
    }

    /// The dataset it is bound to.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
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

    /// The service principal profile to act as.
    #[must_use]
    pub fn profile(&self) -> Option<ProfileId> {
        self.profile
    }
}
