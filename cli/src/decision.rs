//! Decides what a catalog allows a caller. It uses the functions' code, so grants, identities and
//! the request for a token are the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use dynabind::catalog::Catalog;
use dynabind::domain::{
    Authorization, AuthorizedBindings, BindingRequest, Caller, Dataset, DatasetId, Denial, Entries, Found, OwnDatasets,
    Report, ReportId, Tenant, TokenRequest, Viewer, WorkspaceId,
};
use dynabind::embedding::EmbeddingError;
use dynabind::http::Problem;
use dynabind::ports::{DatasetMetadata, ListedDataset, ReportMetadata};
use dynabind::powerbi::generate_token_body;
use serde_json::Value;

/// What only Power BI knows: the workspaces of items without a catalog entry, and the datasets that reports were built on.
pub trait Places {
    /// Which of these workspaces holds the dataset.
    fn dataset(&self, id: DatasetId, workspaces: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId>;

    /// Which of these workspaces holds the report.
    fn report(&self, id: ReportId, workspaces: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId>;

    /// The dataset that a report was built on, where it is known.
    fn own_dataset(&self, report: ReportId) -> Option<DatasetId>;
}

/// Allowed bindings, with the request for their token.
#[derive(Debug)]
pub struct Allowed {
    /// The bindings.
    pub bindings: AuthorizedBindings,
    /// The request for the token.
    pub request: TokenRequest,
}

impl Allowed {
    /// The body of `GenerateToken`.
    #[must_use]
    pub fn body(&self) -> Value {
        serde_json::to_value(generate_token_body(&self.request)).unwrap_or_default()
    }
}

/// A problem's detail, followed by the details of its single faults.
pub(crate) fn detail_of(problem: Problem) -> String {
    let places: Vec<_> = problem.errors.into_iter().map(|fault| fault.detail).collect();
    if places.is_empty() { problem.detail } else { format!("{} ({})", problem.detail, places.join("; ")) }
}

/// The caller's tenant.
///
/// # Errors
/// When the catalog does not have it: the same error as for a binding that no grant covers.
pub fn tenant_of<'c>(catalog: &'c Catalog, caller: &Caller) -> Result<&'c Arc<Tenant>, EmbeddingError> {
    let tenant = caller.tenant().and_then(|name| catalog.tenants.get(name));
    tenant.ok_or(EmbeddingError::Denied { binding: 0, denial: Denial::NotEntitled })
}

/// Decides whether a caller gets these bindings, as the functions do.
///
/// # Errors
/// The error says why the caller does not get them.
pub fn authorize(
    catalog: &Catalog,
    caller: &Caller,
    requests: &[BindingRequest],
    places: &dyn Places,
    viewer: Viewer,
) -> Result<AuthorizedBindings, EmbeddingError> {
    let tenant = tenant_of(catalog, caller)?;
    let authorization = Authorization::begin(caller, tenant, requests)?;
    let entries = Entries {
        reports: pick(&catalog.reports, &authorization.report_keys()),
        datasets: pick(&catalog.datasets, &authorization.dataset_keys()),
    };
    let found = find(&authorization, places);
    Ok(authorization.complete(&entries, &found, viewer)?)
}

/// Decides whether a caller gets an embed token for these bindings, as the functions do in the customers scenario.
///
/// # Errors
/// The error says why the caller does not get them.
pub fn decide(
    catalog: &Catalog,
    caller: &Caller,
    requests: &[BindingRequest],
    lifetime_minutes: Option<u16>,
    places: &dyn Places,
) -> Result<Allowed, EmbeddingError> {
    let bindings = authorize(catalog, caller, requests, places, Viewer::Customer)?;
    TokenRequest::sharing(&bindings, &OwnDatasets::new(), lifetime_minutes)?;
    let reports = bindings.as_slice().iter().filter_map(|binding| binding.report());
    let with_own = reports.filter(|report| report.includes_own_dataset());
    let own: OwnDatasets = with_own.filter_map(|report| Some((report.id, places.own_dataset(report.id)?))).collect();
    let request = TokenRequest::sharing(&bindings, &own, lifetime_minutes)?;
    Ok(Allowed { bindings, request })
}

fn pick<K: Clone + Eq + std::hash::Hash, V: Clone>(
    all: &std::collections::HashMap<K, V>,
    wanted: &BTreeSet<K>,
) -> std::collections::HashMap<K, V> {
    wanted.iter().filter_map(|key| Some((key.clone(), all.get(key)?.clone()))).collect()
}

fn find(authorization: &Authorization<'_>, places: &dyn Places) -> Found {
    let mut found = Found::default();
    for (id, workspaces) in authorization.datasets_to_find() {
        let dataset = places.dataset(id, &workspaces).map(|workspace| Arc::new(granted_dataset(id, workspace)));
        found.datasets.extend(dataset.map(|dataset| (id, dataset)));
    }
    for (id, workspaces) in authorization.reports_to_find() {
        let report = places.report(id, &workspaces).and_then(|workspace| saved_report(id, workspace));
        found.reports.extend(report.map(|report| (id, Arc::new(report))));
    }
    found
}

/// A placeholder for a dataset without a catalog entry, in a workspace that a grant opens.
fn granted_dataset(id: DatasetId, workspace: WorkspaceId) -> Dataset {
    let metadata =
        DatasetMetadata { identity_required: None, identity_roles_required: false, create_report_embed_url: None };
    ListedDataset { id, name: String::new(), metadata }.as_granted(workspace)
}

/// A placeholder for a report that a page has saved.
fn saved_report(id: ReportId, workspace: WorkspaceId) -> Option<Report> {
    let embed_url = "https://app.powerbi.com/reportEmbed".parse().ok()?;
    let metadata = ReportMetadata { name: String::new(), is_paginated: false, embed_url, own_dataset: None };
    metadata.as_saved(id, workspace)
}
