//! What the parts of one run share.

use std::sync::Arc;

use dynabind::App;
use dynabind::domain::{AccessToken, Tenant, WorkspaceId};
use dynabind::ports::{ActorKey, ListedDataset, PowerBi};
use serde_json::{Map, Value};

use super::arguments::Options;
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
    pub(super) state: State,
}

/// A tenant with the datasets of the workspaces that its grants open.
pub(super) struct Checked {
    pub(super) tenant: Arc<Tenant>,
    pub(super) lists: Vec<(WorkspaceId, Vec<ListedDataset>)>,
}

impl Run<'_> {
    /// The tenants in question: all, or the named ones, or the sample caller's.
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

    pub(super) async fn datasets_of(&self, tenant: &Tenant, workspace: WorkspaceId) -> Option<Vec<ListedDataset>> {
        let actor = tenant.profile.map_or(ActorKey::Service, ActorKey::Profile);
        let session = TokenSession::new(actor, &self.access);
        self.connection.powerbi.datasets(&session, workspace).await.ok()
    }
}
