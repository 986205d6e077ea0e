//! What the core asks of the outside, one narrow trait for each system.

mod shared_table;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::domain::{
    Dataset, DatasetId, DatasetKey, EmbedUrl, Entries, OwnDataset, ProfileId, Report, ReportId, ReportKey, ReportKind,
    Tenant, TokenRequest, UserAssertion, UserKey, WorkspaceId,
};
use crate::request::RequestContext;
use crate::token::{AccessToken, EmbedToken};
use crate::upstream::{RetryBudget, UpstreamError};

pub use shared_table::{PutCondition, SharedItem, SharedSlot, SharedTable};

/// Where the catalog lies.
#[async_trait]
pub trait CatalogReader: Send + Sync {
    /// The tenant of that name; `None` where the catalog has none.
    ///
    /// # Errors
    /// Why the catalog cannot be read.
    async fn tenant(&self, context: &Arc<RequestContext>, name: &str) -> Result<Option<Arc<Tenant>>, UpstreamError>;

    /// The entries of these keys in the versions that `tenant` was written for; a key without one is left out.
    ///
    /// # Errors
    /// Why the catalog cannot be read.
    async fn entries(
        &self,
        context: &Arc<RequestContext>,
        tenant: &Tenant,
        reports: &BTreeSet<ReportKey>,
        datasets: &BTreeSet<DatasetKey>,
    ) -> Result<Entries, UpstreamError>;
}

/// Where the service principal's credentials lie.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret's current version.
    ///
    /// # Errors
    /// Why it cannot be read.
    async fn read(&self, context: &Arc<RequestContext>, retry_budget: RetryBudget) -> Result<Secret, UpstreamError>;
}

/// One version of the secret.
#[derive(Clone, Debug)]
pub struct Secret {
    /// Changes with every rotation.
    pub version: String,
    /// The JSON text.
    pub text: SecretString,
}

/// As whom Power BI is asked.
#[derive(Clone, Debug)]
pub enum ActingAs {
    /// The service principal.
    Service,
    /// A profile of the service principal.
    Profile(ProfileId),
    /// The signed-in user.
    User(UserAssertion),
}

/// The same for caches, whose keys hold no user's token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ActorKey {
    /// The service principal.
    Service,
    /// A profile of the service principal.
    Profile(ProfileId),
    /// The signed-in user.
    User(UserKey),
}

impl ActingAs {
    /// The service principal, or its profile.
    #[must_use]
    pub fn service(profile: Option<ProfileId>) -> Self {
        profile.map_or(Self::Service, Self::Profile)
    }

    /// The user to act for.
    #[must_use]
    pub fn user(&self) -> Option<&UserAssertion> {
        if let Self::User(user) = self { Some(user) } else { None }
    }

    /// What caches know it by.
    #[must_use]
    pub fn key(&self) -> ActorKey {
        match self {
            Self::Service => ActorKey::Service,
            Self::Profile(profile) => ActorKey::Profile(*profile),
            Self::User(user) => ActorKey::User(user.user()),
        }
    }
}

impl ActorKey {
    /// The profile to act as.
    #[must_use]
    pub fn profile(self) -> Option<ProfileId> {
        if let Self::Profile(profile) = self { Some(profile) } else { None }
    }

    /// Whether it is a signed-in user.
    #[must_use]
    pub fn is_user(self) -> bool {
        matches!(self, Self::User(_))
    }
}

/// Asked before an exchange on behalf of a user begins: whether the user may have one now.
pub type Charge<'c> = &'c (dyn Fn() -> Result<(), UpstreamError> + Send + Sync);

/// Where access tokens for Power BI come from.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// Whether the next [`AccessTokens::get`] asks nobody.
    fn is_ready(&self, user: Option<&UserAssertion>) -> bool;

    /// A token that lives long enough to be worth using: the service
    /// principal's own, or the user's.
    ///
    /// # Errors
    /// Why there is none.
    async fn get(
        &self,
        context: &Arc<RequestContext>,
        user: Option<&UserAssertion>,
        charge: Charge<'_>,
    ) -> Result<AccessToken, UpstreamError>;

    /// Forgets a token that Power BI has refused.
    fn discard(&self, user: Option<&UserAssertion>, refused: &AccessToken);
}

/// The Power BI REST API.
#[async_trait]
pub trait PowerBi: Send + Sync {
    /// Opens `connections` connections ahead of their use, without waiting.
    fn preconnect(&self, connections: usize);

    /// Makes an embed token (`POST /v1.0/myorg/GenerateToken`).
    ///
    /// # Errors
    /// Why Power BI gave none.
    async fn generate_token(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        request: &TokenRequest,
        retry_budget: RetryBudget,
    ) -> Result<EmbedToken, UpstreamError>;

    /// LookupResults at a report (`GET /groups/{workspace}/reports/{report}`).
    ///
    /// # Errors
    /// Why it cannot be looked at; a report that is not there is `NotFound`.
    async fn report(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<ReportId>,
        retry_budget: RetryBudget,
    ) -> Result<ReportMetadata, UpstreamError>;

    /// LookupResults at a dataset (`GET /groups/{workspace}/datasets/{dataset}`).
    ///
    /// # Errors
    /// As for a report.
    async fn dataset(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<DatasetId>,
        retry_budget: RetryBudget,
    ) -> Result<DatasetMetadata, UpstreamError>;

    /// Lists a workspace's datasets (`GET /groups/{workspace}/datasets`).
    ///
    /// # Errors
    /// As for a report.
    async fn datasets(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<()>,
        retry_budget: RetryBudget,
    ) -> Result<Vec<ListedDataset>, UpstreamError>;

    /// Lists a workspace's reports (`GET /groups/{workspace}/reports`).
    ///
    /// # Errors
    /// As for a report.
    async fn reports(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<()>,
        retry_budget: RetryBudget,
    ) -> Result<Vec<ListedReport>, UpstreamError>;

    /// LookupResults at a workspace (`GET /groups/{workspace}`).
    ///
    /// # Errors
    /// As for a report.
    async fn workspace(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<()>,
        retry_budget: RetryBudget,
    ) -> Result<WorkspaceMetadata, UpstreamError>;
}

/// An item of a workspace.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Item<Id> {
    /// As whom it is looked at.
    pub actor: ActorKey,
    /// Where the item lies.
    pub workspace: WorkspaceId,
    /// Which item.
    pub id: Id,
}

/// What Power BI says of a report.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportMetadata {
    /// What people call it.
    pub name: String,
    /// Whether it is a paginated report.
    pub is_paginated: bool,
    /// Where the page embeds it from, unchanged.
    pub embed_url: EmbedUrl,
    /// The dataset it was built on; paginated reports have none.
    pub own_dataset: Option<DatasetId>,
}

/// What Power BI says of a dataset.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetMetadata {
    /// Whether a token needs an effective identity for it; `None` where Power BI does not say.
    pub identity_required: Option<bool>,
    /// Whether that identity needs roles.
    pub identity_roles_required: bool,
    /// Where a page creates a report on it from.
    pub create_report_embed_url: Option<EmbedUrl>,
}

/// A dataset in a workspace's list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListedDataset {
    /// Its id.
    pub id: DatasetId,
    /// What people call it.
    pub name: String,
    /// The rest.
    pub metadata: DatasetMetadata,
}

/// A report in a workspace's list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListedReport {
    /// Its id.
    pub id: ReportId,
    /// The rest.
    pub metadata: ReportMetadata,
}

impl ReportMetadata {
    /// The entry that stands for a report in a workspace that a grant saves to; `None` for a
    /// paginated report, which cannot be bound without its source.
    #[must_use]
    pub fn as_saved(&self, id: ReportId, workspace: WorkspaceId) -> Option<Report> {
        let report = Report {
            name: self.name.clone(),
            workspace,
            id,
            kind: ReportKind::Report,
            own_dataset: OwnDataset::Excluded,
            paginated_sources: Vec::new(),
            paginated_reports: Vec::new(),
        };
        (!self.is_paginated).then_some(report)
    }
}

impl ListedDataset {
    /// The entry that a grant of its whole workspace stands for.
    #[must_use]
    pub fn as_granted(&self, workspace: WorkspaceId) -> Dataset {
        Dataset { name: self.name.clone(), workspace, id: self.id, identity: None, also_needs: Vec::new() }
    }
}

/// What Power BI says of a workspace.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceMetadata {
    /// Whether it is assigned to a capacity, which dynamic binding needs, be it a paused one; `None` where Power BI
    /// does not say.
    pub on_capacity: Option<bool>,
}
