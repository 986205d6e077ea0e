//! The state of the REST API, and which caller may see which part of it.

use std::sync::Arc;

use http::HeaderMap;

use super::caller::Caller;
use super::refusal::Refusal;
use super::request::guid;
use crate::fake_tenant::{Dataset, FakeTenant, Principal, Report, Workspace, same_id};
use crate::ledger::Ledger;
use crate::time_source::TimeSource;

/// The state of the REST API.
#[derive(Debug)]
pub(crate) struct PowerBi {
    pub(crate) fake_tenant: Arc<FakeTenant>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) time: TimeSource,
    /// The scheme, host and port of embed URLs, without a slash at the end.
    pub(crate) embed_origin: String,
}

impl PowerBi {
    pub(super) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        Caller::from_headers(headers, &self.fake_tenant, &self.ledger, self.time.now())
    }

    /// Checks that the caller is the service principal itself. Users and profiles cannot manage its profiles.
    pub(super) fn manager_of_profiles(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match self.caller(headers)?.principal {
            Principal::App => Ok(()),
            Principal::User(_) => Err(Refusal::only_for_applications()),
            Principal::Profile(_) => Err(Refusal::not_authorized()),
        }
    }

    /// The workspace of a path, for a caller who may enter it.
    pub(super) fn entered(&self, headers: &HeaderMap, id: &str) -> Result<&Workspace, Refusal> {
        let caller = self.caller(headers)?;
        let workspace = self.fake_tenant.workspace(guid(id)?).ok_or_else(Refusal::folder_not_found)?;
        caller.role_in(workspace).ok_or_else(Refusal::group_not_accessible)?;
        Ok(workspace)
    }

    pub(super) fn report_in(&self, workspace: &Workspace, id: &str) -> Result<&Report, Refusal> {
        let report = self.fake_tenant.report(guid(id)?);
        let report = report.filter(|report| same_id(&report.workspace, &workspace.id));
        report.ok_or_else(Refusal::entity_not_found)
    }

    pub(super) fn dataset_in(&self, workspace: &Workspace, id: &str) -> Result<&Dataset, Refusal> {
        let dataset = self.fake_tenant.dataset(guid(id)?);
        let dataset = dataset.filter(|dataset| same_id(&dataset.workspace, &workspace.id));
        dataset.ok_or_else(Refusal::entity_not_found)
    }
}
