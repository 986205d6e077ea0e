//! From what a page asks for to what its caller's grants allow.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Embedding, EmbeddingError};
use crate::domain::{
    AuthorizedBinding, BindingRequest, Caller, Dataset, DatasetChoice, DatasetId, Denial, Permit, Tenant, TokenRequest,
    WorkspaceId,
};
use crate::ports::{Entries, Item, Viewpoint};
use crate::request::Call;
use crate::settings::Scenario;

/// Bindings that their caller's grants allow, and as whom Power BI is asked for them.
pub(super) struct Authorized {
    pub(super) bindings: Vec<AuthorizedBinding>,
    pub(super) viewpoint: Viewpoint,
}

impl Embedding {
    /// As whom Power BI is asked for a caller.
    ///
    /// In the organization scenario the gateway has verified the bearer token;
    /// without its text there is nobody to act for.
    pub(super) fn viewpoint(&self, caller: &Caller, tenant: &Tenant) -> Result<Viewpoint, EmbeddingError> {
        match self.scenario {
            Scenario::Customers => Ok(Viewpoint::service(tenant.profile)),
            Scenario::Organization => {
                caller.assertion().cloned().map(Viewpoint::User).ok_or(EmbeddingError::NoAssertion)
            }
        }
    }

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
    ) -> Result<Authorized, EmbeddingError> {
        let tenant = self.tenant_of(call, caller).await.map_err(as_of_first_binding)?;
        let viewpoint = self.viewpoint(caller, &tenant)?;
        let denied = |binding| move |denial| EmbeddingError::Denied { binding, denial };
        let mut permits = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            permits.push(tenant.permit(caller, request).map_err(denied(index))?);
        }
        let entries = self.entries_for(call, &tenant, &permits).await?;
        let mut bindings = Vec::with_capacity(permits.len());
        for (index, permit) in permits.into_iter().enumerate() {
            let dataset = self.dataset_of(call, &viewpoint, &permit.dataset, &entries).await?;
            let binding = dataset.and_then(|dataset| self.bind(caller, &tenant, permit, &entries, dataset));
            bindings.push(binding.map_err(denied(index))?);
        }
        Ok(Authorized { bindings, viewpoint })
    }

    /// One canonical request for one token over all of the bindings.
    pub(super) async fn token_request(
        &self,
        call: &Arc<Call>,
        authorized: &Authorized,
        lifetime_minutes: Option<u16>,
    ) -> Result<Arc<TokenRequest>, EmbeddingError> {
        let own_datasets = self.own_datasets(call, authorized).await?;
        Ok(Arc::new(TokenRequest::covering(&authorized.bindings, &own_datasets, lifetime_minutes)?))
    }

    async fn entries_for(
        &self,
        call: &Arc<Call>,
        tenant: &Tenant,
        permits: &[Permit],
    ) -> Result<Entries, EmbeddingError> {
        let reports = permits.iter().filter_map(|permit| permit.report.clone()).collect();
        let catalogued = |permit: &Permit| match &permit.dataset {
            DatasetChoice::Catalogued(key) => Some(key.clone()),
            DatasetChoice::InWorkspace(..) => None,
        };
        let datasets: BTreeSet<_> = permits.iter().filter_map(catalogued).collect();
        Ok(self.catalog.entries(call, tenant, &reports, &datasets).await?)
    }

    async fn dataset_of(
        &self,
        call: &Arc<Call>,
        viewpoint: &Viewpoint,
        choice: &DatasetChoice,
        entries: &Entries,
    ) -> Result<Result<Arc<Dataset>, Denial>, EmbeddingError> {
        let found = match choice {
            DatasetChoice::Catalogued(key) => entries.datasets.get(key).cloned(),
            DatasetChoice::InWorkspace(id, workspaces) => self.find_in(call, viewpoint, *id, workspaces).await?,
        };
        Ok(found.ok_or(Denial::NotEntitled))
    }

    /// Looks a dataset up in the workspaces that a grant opens.
    async fn find_in(
        &self,
        call: &Arc<Call>,
        viewpoint: &Viewpoint,
        id: DatasetId,
        workspaces: &[WorkspaceId],
    ) -> Result<Option<Arc<Dataset>>, EmbeddingError> {
        for workspace in workspaces {
            let item = Item { viewpoint: viewpoint.clone(), workspace: *workspace, id: () };
            let listed = self.metadata.datasets(call, item).await?;
            if let Some(dataset) = listed.iter().find(|dataset| dataset.id == id) {
                return Ok(Some(Arc::new(dataset.as_granted(*workspace))));
            }
        }
        Ok(None)
    }

    /// The own datasets of those reports whose entry asks that the token name them.
    async fn own_datasets(&self, call: &Arc<Call>, authorized: &Authorized) -> Result<Vec<DatasetId>, EmbeddingError> {
        let mut own = Vec::new();
        for binding in &authorized.bindings {
            let Some(report) = binding.report().filter(|report| report.include_own_dataset) else { continue };
            let item = Item { viewpoint: authorized.viewpoint.clone(), workspace: report.workspace, id: report.id };
            own.extend(self.metadata.report(call, item).await?.own_dataset);
        }
        Ok(own)
    }

    /// Joins a permit with its entries. The catalog may have lost an entry since
    /// its grant was written; then there is nothing that the grant could allow.
    fn bind(
        &self,
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
        match self.scenario {
            Scenario::Customers => AuthorizedBinding::for_customer(caller, tenant.profile, permit, report, dataset),
            Scenario::Organization => Ok(AuthorizedBinding::for_user(permit, report, dataset)),
        }
    }
}

/// A tenant that the catalog has not got answers as one without a grant does.
fn as_of_first_binding(error: EmbeddingError) -> EmbeddingError {
    match error {
        EmbeddingError::NotEntitled => EmbeddingError::Denied { binding: 0, denial: Denial::NotEntitled },
        other => other,
    }
}
