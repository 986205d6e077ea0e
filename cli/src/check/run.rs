//! The state that the parts of one run share.

use std::sync::Arc;

use dynabind::App;
use dynabind::domain::{AccessToken, Tenant, UserAssertion, WorkspaceId};
use dynabind::ports::{ActorKey, ListedDataset, PowerBi};
use dynabind::upstream::UpstreamError;
use serde_json::{Map, Value};

use super::arguments::Options;
use super::finding::About;
use super::lists::Lists;
use super::state::State;
use crate::connection::Connection;
use crate::connection::session::TokenSession;
use crate::source::LoadedCatalog;

/// One run.
pub(super) struct Run<'r> {
    pub(super) connection: &'r Connection,
    pub(super) loaded: &'r LoadedCatalog,
    pub(super) options: &'r Options,
    pub(super) claims: Map<String, Value>,
    pub(super) app: App,
    pub(super) access: AccessToken,
    pub(super) user: Option<UserAssertion>,
    pub(super) lists: Lists,
    pub(super) state: State,
}

/// Who calls Power BI in a run.
pub(super) struct SignedIn {
    pub(super) claims: Map<String, Value>,
    pub(super) access: AccessToken,
    /// The user, in the organization scenario.
    pub(super) user: Option<UserAssertion>,
}

/// A tenant with the datasets of the workspaces that its grants open.
pub(super) struct Checked {
    pub(super) tenant: Arc<Tenant>,
    pub(super) lists: Vec<(WorkspaceId, Vec<ListedDataset>)>,
    /// Workspaces that could not be listed, and why.
    pub(super) unlisted: Vec<(WorkspaceId, UpstreamError)>,
}

impl Run<'_> {
    /// The selected tenants: those of `--tenant`, otherwise the sample caller's, otherwise all.
    pub(super) fn tenants(&self) -> Result<Vec<Arc<Tenant>>, String> {
        let of_claims = self.claims.get(&self.options.caller.tenant_claim).and_then(Value::as_str);
        let named = &self.options.tenant;
        let only: Vec<_> =
            if named.is_empty() { of_claims.into_iter().collect() } else { named.iter().map(String::as_str).collect() };
        if let Some(unknown) = only.iter().find(|name| !self.loaded.catalog.tenants.contains_key(**name)) {
            return Err(format!("the catalog has no tenant `{unknown}`"));
        }
        let mut tenants: Vec<_> = self.loaded.catalog.tenants.values().cloned().collect();
        tenants.retain(|tenant| only.is_empty() || only.contains(&tenant.name.as_str()));
        tenants.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tenants)
    }

    pub(super) async fn datasets_of(
        &self,
        tenant: &Tenant,
        workspace: WorkspaceId,
    ) -> Result<Vec<ListedDataset>, UpstreamError> {
        let session = TokenSession::new(self.actor_of(tenant), &self.access);
        self.connection.powerbi.datasets(&session, workspace).await
    }

    /// Who calls Power BI for a tenant.
    pub(super) fn actor_of(&self, tenant: &Tenant) -> ActorKey {
        match &self.user {
            Some(user) => ActorKey::User(user.user()),
            None => tenant.profile.map_or(ActorKey::Service, ActorKey::Profile),
        }
    }

    /// Whether Power BI can be called: the organization scenario needs a user for it.
    pub(super) fn can_look(&self) -> bool {
        self.user.is_some() || !self.options.scenario.is_organization()
    }

    /// Who looks an item up, for messages.
    pub(super) fn looker_of(&self, about: &About) -> &'static str {
        let tenant = about.tenant.as_ref().and_then(|name| self.loaded.catalog.tenants.get(name.as_str()));
        match tenant {
            _ if self.user.is_some() => "the user",
            Some(tenant) if tenant.profile.is_some() => "the service principal's profile",
            _ => "the service principal",
        }
    }
}
