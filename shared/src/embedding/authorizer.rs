//! Checks a page's request against the grants of its caller.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::EmbeddingError;
use super::metadata::{Metadata, Purpose};
use super::session::{PowerBiSession, Sessions};
use crate::domain::{
    Authorization, AuthorizedBinding, AuthorizedBindings, BindingRequest, Caller, Dataset, DatasetId, Denial, Found,
    Refusal, Report, ReportId, Tenant, Viewer, WorkspaceId,
};
use crate::ports::{ActingAs, CatalogReader};
use crate::request::RequestContext;
use crate::settings::Scenario;
use crate::upstream::{Upstream, UpstreamError};

/// Reads the catalog for a caller, and lists workspaces at Power BI if grants open whole workspaces.
pub(super) struct Authorizer {
    catalog: Arc<dyn CatalogReader>,
    metadata: Arc<Metadata>,
    sessions: Arc<Sessions>,
    scenario: Scenario,
}

/// Bindings that their caller's grants allow, and the session in which Power BI is called for them.
pub(super) struct Authorized {
    pub(super) bindings: AuthorizedBindings,
    /// The bindings by the catalog's keys, for the log.
    pub(super) keys: Arc<str>,
    pub(super) session: PowerBiSession,
}

impl Authorizer {
    pub(super) fn new(
        catalog: Arc<dyn CatalogReader>,
        metadata: Arc<Metadata>,
        sessions: Arc<Sessions>,
        scenario: Scenario,
    ) -> Self {
        Self { catalog, metadata, sessions, scenario }
    }

    /// Checks every binding against the grants, up to the first one that is refused.
    pub(super) async fn authorize(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        requests: &[BindingRequest],
    ) -> Result<Authorized, EmbeddingError> {
        let tenant = self.tenant_of(context, caller).await.map_err(as_of_first_binding)?;
        let session = self.session(context, caller, &tenant)?;
        let authorization = Authorization::begin(caller, &tenant, requests)?;
        let (reports, datasets) = (authorization.report_keys(), authorization.dataset_keys());
        let entries = self.catalog.entries(context, &tenant, &reports, &datasets).await?;
        let found = self.find(&session, &authorization).await?;
        let bindings = authorization.complete(&entries, &found, self.viewer())?;
        let keys: Arc<str> = keys(bindings.as_slice()).into();
        context.note_bindings(Arc::clone(&keys));
        Ok(Authorized { bindings, keys, session })
    }

    /// The caller's tenant in the catalog.
    pub(super) async fn tenant_of(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
    ) -> Result<Arc<Tenant>, EmbeddingError> {
        let name = caller.tenant().ok_or(EmbeddingError::NotEntitled)?;
        self.catalog.tenant(context, name).await?.ok_or(EmbeddingError::NotEntitled)
    }

    /// A session with Power BI for a caller.
    ///
    /// In the organization scenario, calls are made on behalf of the user. They need the text of the bearer token,
    /// which the gateway has verified.
    pub(super) fn session(
        &self,
        context: &Arc<RequestContext>,
        caller: &Caller,
        tenant: &Tenant,
    ) -> Result<PowerBiSession, EmbeddingError> {
        let acting = match self.scenario {
            Scenario::Customers => ActingAs::service(tenant.profile),
            Scenario::Organization => {
                caller.assertion().cloned().map(ActingAs::User).ok_or(EmbeddingError::NoAssertion)?
            }
        };
        Ok(self.sessions.open(context, acting, caller))
    }

    fn viewer(&self) -> Viewer {
        match self.scenario {
            Scenario::Customers => Viewer::Customer,
            Scenario::Organization => Viewer::User,
        }
    }

    /// Finds the items that no entry of the catalog names.
    async fn find(&self, session: &PowerBiSession, authorization: &Authorization<'_>) -> Result<Found, EmbeddingError> {
        let mut found = Found::default();
        for (id, workspaces) in authorization.datasets_to_find() {
            if let Some(dataset) = self.find_dataset(session, id, &workspaces).await? {
                found.datasets.insert(id, Arc::new(dataset));
            }
        }
        for (id, workspaces) in authorization.reports_to_find() {
            if let Some(report) = self.find_report(session, id, &workspaces).await? {
                found.reports.insert(id, Arc::new(report));
            }
        }
        Ok(found)
    }

    async fn find_dataset(
        &self,
        session: &PowerBiSession,
        id: DatasetId,
        workspaces: &BTreeSet<WorkspaceId>,
    ) -> Result<Option<Dataset>, UpstreamError> {
        let mut search = Search::default();
        for workspace in workspaces {
            let listed = self.metadata.datasets(session, *workspace, Purpose::Decide).await;
            if let Some(dataset) = search.see(listed)?.iter().flat_map(|list| list.iter()).find(|item| item.id == id) {
                return Ok(Some(dataset.as_granted(*workspace)));
            }
        }
        search.end()
    }

    async fn find_report(
        &self,
        session: &PowerBiSession,
        id: ReportId,
        workspaces: &BTreeSet<WorkspaceId>,
    ) -> Result<Option<Report>, UpstreamError> {
        let mut search = Search::default();
        for workspace in workspaces {
            let listed = self.metadata.saved_reports(session, *workspace).await;
            if let Some(report) = search.see(listed)?.iter().flat_map(|list| list.iter()).find(|item| item.id == id) {
                self.metadata.keep_report(session, *workspace, report);
                return Ok(report.metadata.as_saved(id, *workspace));
            }
        }
        search.end()
    }
}

/// `MODE REPORT DATASET` of each binding; `-` stands for a new report.
fn keys(bindings: &[AuthorizedBinding]) -> String {
    let key = |binding: &AuthorizedBinding| {
        let report = binding.report_key().unwrap_or_else(|| "-".to_owned());
        format!("{} {report} {}", binding.mode().as_str(), binding.dataset_key())
    };
    bindings.iter().map(key).collect::<Vec<_>>().join(", ")
}

/// A search through several workspaces. It continues if one of them cannot be read, because the item may be in another.
#[derive(Default)]
struct Search(Option<UpstreamError>);

impl Search {
    fn see<T>(&mut self, listed: Result<T, UpstreamError>) -> Result<Option<T>, UpstreamError> {
        match listed {
            Ok(list) => Ok(Some(list)),
            // The call for any other workspace would fail in the same way.
            Err(error) if error.upstream != Upstream::PowerBi => Err(error),
            Err(error) => {
                self.0.get_or_insert(error);
                Ok(None)
            }
        }
    }

    /// Ends a search that did not find the item. The result is the first failure, if a workspace could not be read.
    fn end<T>(self) -> Result<Option<T>, UpstreamError> {
        self.0.map_or(Ok(None), Err)
    }
}

impl From<Refusal> for EmbeddingError {
    fn from(Refusal { binding, denial }: Refusal) -> Self {
        Self::Denied { binding, denial }
    }
}

/// An unknown tenant gets the same answer as a tenant without grants.
fn as_of_first_binding(error: EmbeddingError) -> EmbeddingError {
    match error {
        EmbeddingError::NotEntitled => EmbeddingError::Denied { binding: 0, denial: Denial::NotEntitled },
        other => other,
    }
}
