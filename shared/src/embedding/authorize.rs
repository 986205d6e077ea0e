//! From what a page asks for to what its caller's grants allow.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Embedding, EmbeddingError};
use crate::domain::{
    AuthorizedBinding, BindingRequest, Caller, Dataset, DatasetChoice, DatasetId, Denial, Permit, ProfileId, Tenant,
    TokenRequest, WorkspaceId,
};
use crate::ports::{Entries, Item};
use crate::request::Call;

impl Embedding {
    /// The caller's tenant in the catalog.
    pub(super) async fn tenant_of(&self, call: &Arc<Call>, caller: &Caller) -> Result<Arc<Tenant>, EmbeddingError> {
        let name = caller.tenant().ok_or(EmbeddingError::NotEntitled)?;
        self.catalog.tenant(call, name).await?.ok_or(EmbeddingError::NotEntitled)
    }

    /// Holds every binding against the grants; the first that fails decides.
    pub(super) async fn authorize(
        &self,
        call: &Arc<Call>,
        caller: &Caller,
        requests: &[BindingRequest],
    ) -> Result<Vec<AuthorizedBinding>, EmbeddingError> {
        let tenant = self.tenant_of(call, caller).await?;
        let denied = |binding| move |denial| EmbeddingError::Denied { binding, denial };
        let mut permits = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            permits.push(tenant.permit(caller, request).map_err(denied(index))?);
        }
        let entries = self.entries_for(call, &permits).await?;
        let mut bindings = Vec::with_capacity(permits.len());
        for (index, permit) in permits.into_iter().enumerate() {
            let dataset = self.dataset_of(call, tenant.profile, &permit.dataset, &entries).await?;
            let binding = dataset.and_then(|dataset| bind(caller, &tenant, permit, &entries, dataset));
            bindings.push(binding.map_err(denied(index))?);
        }
        Ok(bindings)
    }

    /// One canonical request for one token over all of the bindings.
    pub(super) async fn token_request(
        &self,
        call: &Arc<Call>,
        bindings: &[AuthorizedBinding],
        lifetime_minutes: Option<u16>,
    ) -> Result<Arc<TokenRequest>, EmbeddingError> {
        let own_datasets = self.own_datasets(call, bindings).await?;
        Ok(Arc::new(TokenRequest::covering(bindings, &own_datasets, lifetime_minutes)?))
    }

    async fn entries_for(&self, call: &Arc<Call>, permits: &[Permit]) -> Result<Entries, EmbeddingError> {
        let reports = permits.iter().filter_map(|permit| permit.report.clone()).collect();
        let catalogued = |permit: &Permit| match &permit.dataset {
            DatasetChoice::Catalogued(key) => Some(key.clone()),
            DatasetChoice::InWorkspace(..) => None,
        };
        let datasets: BTreeSet<_> = permits.iter().filter_map(catalogued).collect();
        Ok(self.catalog.entries(call, &reports, &datasets).await?)
    }

    async fn dataset_of(
        &self,
        call: &Arc<Call>,
        profile: Option<ProfileId>,
        choice: &DatasetChoice,
        entries: &Entries,
    ) -> Result<Result<Arc<Dataset>, Denial>, EmbeddingError> {
        let found = match choice {
            DatasetChoice::Catalogued(key) => entries.datasets.get(key).cloned(),
            DatasetChoice::InWorkspace(id, workspaces) => self.find_in(call, profile, *id, workspaces).await?,
        };
        Ok(found.ok_or(Denial::NotEntitled))
    }

    /// Looks a dataset up in the workspaces that a grant opens.
    async fn find_in(
        &self,
        call: &Arc<Call>,
        profile: Option<ProfileId>,
        id: DatasetId,
        workspaces: &[WorkspaceId],
    ) -> Result<Option<Arc<Dataset>>, EmbeddingError> {
        for workspace in workspaces {
            let item = Item { profile, workspace: *workspace, id: () };
            let listed = self.metadata.datasets(call, item).await?;
            if let Some(dataset) = listed.iter().find(|dataset| dataset.id == id) {
                return Ok(Some(Arc::new(Dataset {
                    name: dataset.name.clone(),
                    workspace: *workspace,
                    id,
                    identity: None,
                    also_needs: Vec::new(),
                })));
            }
        }
        Ok(None)
    }

    /// The own datasets of those reports whose entry asks that the token name them.
    async fn own_datasets(
        &self,
        call: &Arc<Call>,
        bindings: &[AuthorizedBinding],
    ) -> Result<Vec<DatasetId>, EmbeddingError> {
        let mut own = Vec::new();
        for binding in bindings {
            let Some(report) = binding.report().filter(|report| report.include_own_dataset) else { continue };
            let item = Item { profile: binding.profile(), workspace: report.workspace, id: report.id };
            own.extend(self.metadata.report(call, item).await?.own_dataset);
        }
        Ok(own)
    }
}

/// The catalog may have lost an entry since its grant was written; then there
/// is nothing that the grant could allow.
fn bind(
    caller: &Caller,
    tenant: &Tenant,
    permit: Permit,
    entries: &Entries,
    dataset: Arc<Dataset>,
) -> Result<AuthorizedBinding, Denial> {
    let report = match &permit.report {
        Some(key) => Some(entries.reports.get(key).cloned().ok_or(Denial::NotEntitled)?),
        None => None,
    };
    AuthorizedBinding::new(caller, tenant.profile, permit, report, dataset)
}
