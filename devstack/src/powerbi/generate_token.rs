//! `GenerateToken`, version 2.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::CLUSTER;
use super::api::PowerBi;
use super::caller::Caller;
use super::identities;
use super::refusal::Refusal;
use super::request::{TokenRequest, Xmla};
use crate::fake_tenant::{Dataset, Principal, Report, Role, Workspace, same_id};
use crate::ledger::{DatasetGrant, EmbedToken, ReportGrant};
use crate::time_source::{rfc3339, unix_seconds};

/// Makes an embed token for the items of a request, or refuses.
pub(super) fn generate(api: &PowerBi, caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let request = TokenRequest::parse(headers, body)?;
    let items = Items::find(api, &request)?;
    items.check_rights(caller)?;
    check_targets(api, caller, &request)?;
    if items.workspaces.iter().any(|workspace| workspace.capacity.is_none()) {
        return Err(Refusal::shared_capacity());
    }
    identities::check(&request, &items.datasets, &items.paginated_ids(), &caller.principal)?;
    Ok(issue(api, &request, expiration(api, caller, &request)))
}

/// The items of a request.
struct Items<'a> {
    datasets: Vec<&'a Dataset>,
    paginated: Vec<&'a Report>,
    /// The workspaces of all reports and datasets, each once.
    workspaces: Vec<&'a Workspace>,
}

impl<'a> Items<'a> {
    fn find(api: &'a PowerBi, request: &TokenRequest) -> Result<Self, Refusal> {
        let fake_tenant = &api.fake_tenant;
        let mut items = Self { datasets: Vec::new(), paginated: Vec::new(), workspaces: Vec::new() };
        for item in request.reports() {
            let report = fake_tenant.report(&item.id).ok_or_else(Refusal::entity_not_found)?;
            items.add_workspace(api, &report.workspace)?;
            if report.paginated {
                items.paginated.push(report);
            }
        }
        for item in request.datasets() {
            let dataset = fake_tenant.dataset(&item.id).ok_or_else(Refusal::entity_not_found)?;
            items.add_workspace(api, &dataset.workspace)?;
            items.datasets.push(dataset);
        }
        Ok(items)
    }

    fn add_workspace(&mut self, api: &'a PowerBi, id: &str) -> Result<(), Refusal> {
        if !self.workspaces.iter().any(|known| same_id(&known.id, id)) {
            self.workspaces.push(api.fake_tenant.workspace(id).ok_or_else(Refusal::folder_not_found)?);
        }
        Ok(())
    }

    /// Checks the caller's role: items of several workspaces, and paginated reports, need a member.
    fn check_rights(&self, caller: &Caller) -> Result<(), Refusal> {
        for workspace in &self.workspaces {
            // An item that the caller cannot see gets the same answer as an item that does not exist.
            caller.role_in(workspace).ok_or_else(Refusal::entity_not_found)?;
        }
        let role_at = |id: &str| {
            let home = self.workspaces.iter().find(|workspace| same_id(&workspace.id, id));
            home.and_then(|workspace| caller.role_in(workspace))
        };
        for dataset in &self.datasets {
            if role_at(&dataset.workspace).is_none_or(|role| role < Role::Contributor) {
                return Err(Refusal::lacks_build(&dataset.id));
            }
        }
        let needed = if self.workspaces.len() > 1 { Role::Member } else { Role::Contributor };
        let homes = self.workspaces.iter().map(|workspace| (workspace.id.as_str(), needed));
        let of_paginated = self.paginated.iter().map(|report| (report.workspace.as_str(), Role::Member));
        if homes.chain(of_paginated).any(|(id, needed)| role_at(id).is_none_or(|role| role < needed)) {
            return Err(Refusal::not_authorized());
        }
        if !self.paginated.is_empty() && matches!(caller.principal, Principal::User(_)) {
            return Err(Refusal::invalid("Embed tokens for paginated reports need a service principal."));
        }
        Ok(())
    }

    fn paginated_ids(&self) -> Vec<&'a str> {
        self.paginated.iter().map(|report| report.id.as_str()).collect()
    }
}

fn check_targets(api: &PowerBi, caller: &Caller, request: &TokenRequest) -> Result<(), Refusal> {
    request.target_workspaces().iter().try_for_each(|item| {
        let workspace = api.fake_tenant.workspace(&item.id).ok_or_else(Refusal::folder_not_found)?;
        match caller.role_in(workspace) {
            Some(role) if role >= Role::Contributor => Ok(()),
            Some(_) => Err(Refusal::not_authorized()),
            None => Err(Refusal::not_a_member()),
        }
    })
}

/// The end of the access token, or an earlier time if the request limits the lifetime.
fn expiration(api: &PowerBi, caller: &Caller, request: &TokenRequest) -> SystemTime {
    let asked = request.lifetime_in_minutes.and_then(|minutes| u64::try_from(minutes).ok());
    match asked {
        // Zero means no limit.
        None | Some(0) => caller.token_expires,
        Some(minutes) => {
            let wanted = api.time.now() + Duration::from_secs(minutes.saturating_mul(60));
            wanted.min(caller.token_expires)
        }
    }
}

fn issue(api: &PowerBi, request: &TokenRequest, expires: SystemTime) -> Value {
    let token = token_text(expires);
    let id = Uuid::new_v4().to_string();
    let reports = request
        .reports()
        .iter()
        .map(|item| ReportGrant { id: item.id.clone(), allow_edit: item.allow_edit.unwrap_or(false) });
    let datasets = request.datasets().iter().map(|item| DatasetGrant {
        id: item.id.clone(),
        xmla_read_only: item.xmla_permissions == Some(Xmla::ReadOnly),
    });
    let entry = EmbedToken {
        id: id.clone(),
        expires,
        reports: reports.collect(),
        datasets: datasets.collect(),
        target_workspaces: request.target_workspaces().iter().map(|item| item.id.clone()).collect(),
        identities: identities::granted(request),
    };
    api.ledger.issue_embed(&token, entry);
    json!({
        "@odata.context": format!("{CLUSTER}/v1.0/myorg/$metadata#Microsoft.PowerBI.ServiceContracts.Api.V1.GenerateTokenResponse"),
        "token": token,
        "tokenId": id,
        "expiration": rfc3339(expires),
    })
}

/// A text in the format of a real token: base64 that starts like gzip, a dot, and JSON in base64.
fn token_text(expires: SystemTime) -> String {
    let mut zipped = vec![0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x04, 0];
    zipped.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(740));
    let tail = json!({
        "clusterUrl": CLUSTER,
        "exp": unix_seconds(expires),
        "allowAccessOverPublicInternet": true,
    });
    format!("{}.{}", URL_SAFE.encode(zipped), STANDARD.encode(tail.to_string()))
}
