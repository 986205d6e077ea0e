//! The rules for effective identities.

use std::collections::HashSet;

use super::refusal::Refusal;
use super::request::{IdentityItem, TokenRequest, guid};
use crate::fake_tenant::{Dataset, IdentityNeed, Principal, same_id};
use crate::ledger::Identity;

const MAX_USERNAME: usize = 256;
const MAX_ROLES: usize = 50;
const MAX_ROLE: usize = 50;
const MAX_CUSTOM_DATA: usize = 1024;

/// Checks each identity, then each dataset against the identity that covers it.
pub(super) fn check(
    request: &TokenRequest,
    datasets: &[&Dataset],
    paginated: &[&str],
    principal: &Principal,
) -> Result<(), Refusal> {
    let mut covered = HashSet::new();
    for identity in request.identities() {
        check_shape(identity)?;
        check_cover(identity, request, &mut covered)?;
        check_reports(identity, paginated)?;
    }
    datasets.iter().try_for_each(|dataset| {
        let identity = request.identities().iter().find(|identity| covers(identity, &dataset.id));
        check_need(dataset, identity, principal)
    })
}

/// The identities in the format of the token.
pub(super) fn granted(request: &TokenRequest) -> Vec<Identity> {
    let granted = request.identities().iter().map(|identity| Identity {
        username: identity.username.clone(),
        roles: identity.roles.clone().unwrap_or_default(),
        custom_data: identity.custom_data.clone(),
        datasets: identity.datasets.clone().unwrap_or_default(),
        reports: identity.reports.clone().unwrap_or_default(),
    });
    granted.collect()
}

fn check_shape(identity: &IdentityItem) -> Result<(), Refusal> {
    let username = &identity.username;
    if username.is_empty() || username.len() > MAX_USERNAME {
        return Err(Refusal::invalid("username must have 1 to 256 characters."));
    }
    if !username.is_ascii() || username.contains(char::is_whitespace) {
        return Err(Refusal::invalid("username must be ASCII without spaces."));
    }
    let roles = identity.roles.as_deref().unwrap_or_default();
    if roles.len() > MAX_ROLES {
        return Err(Refusal::invalid("An identity has at most 50 roles."));
    }
    let bad_role = |role: &String| role.is_empty() || role.chars().count() > MAX_ROLE || role.contains(',');
    if roles.iter().any(bad_role) {
        return Err(Refusal::invalid("A role has 1 to 50 characters and no comma."));
    }
    let custom_data = identity.custom_data.as_deref().unwrap_or_default();
    if custom_data.len() > MAX_CUSTOM_DATA {
        return Err(Refusal::invalid("customData has at most 1024 characters."));
    }
    // Both need a kind of source that this tenant does not have.
    if identity.identity_blob.is_some() {
        return Err(Refusal::invalid("identityBlob is only supported for Azure SQL."));
    }
    match identity.auditable_context.as_deref() {
        Some(context) if context.len() > MAX_USERNAME => Err(Refusal::invalid("auditableContext is too long.")),
        _ => Ok(()),
    }
}

/// Checks that identities cover items of the same request, and that none covers a dataset twice.
fn check_cover(identity: &IdentityItem, request: &TokenRequest, covered: &mut HashSet<String>) -> Result<(), Refusal> {
    let datasets = identity.datasets.as_deref().unwrap_or_default();
    let reports = identity.reports.as_deref().unwrap_or_default();
    if datasets.is_empty() && reports.is_empty() {
        return Err(Refusal::invalid("An effective identity must name its datasets."));
    }
    for id in datasets {
        guid(id)?;
        if !request.datasets().iter().any(|item| same_id(&item.id, id)) {
            return Err(Refusal::invalid(&format!(
                "The effective identity names dataset {id}, which is not among the datasets."
            )));
        }
        if !covered.insert(id.to_ascii_lowercase()) {
            return Err(Refusal::invalid(&format!("More than one effective identity was given for dataset {id}.")));
        }
    }
    Ok(())
}

/// Only paginated reports can have an identity.
fn check_reports(identity: &IdentityItem, paginated: &[&str]) -> Result<(), Refusal> {
    let reports = identity.reports.as_deref().unwrap_or_default();
    match reports.iter().find(|id| !paginated.iter().any(|known| same_id(known, id))) {
        None => Ok(()),
        Some(id) => Err(Refusal::invalid(&format!(
            "The effective identity names report {id}, which is not among the paginated reports."
        ))),
    }
}

fn check_need(dataset: &Dataset, identity: Option<&IdentityItem>, principal: &Principal) -> Result<(), Refusal> {
    let id = &dataset.id;
    let about = |rest: &str| Err(Refusal::invalid(&format!("Creating embed token for accessing dataset {id} {rest}")));
    match (dataset.identity, identity) {
        (IdentityNeed::None, Some(_)) => about("shouldn't have effective identity"),
        (IdentityNeed::Unsupported, Some(_)) => {
            Err(Refusal::invalid("Creating embed token with effective identity is not supported for this datasource."))
        }
        (IdentityNeed::None | IdentityNeed::Unsupported, None) => Ok(()),
        // A user who requests a token without an identity sees every row.
        (_, None) if matches!(principal, Principal::User(_)) => Ok(()),
        (_, None) => about("requires effective identity to be provided"),
        (IdentityNeed::Roles, Some(identity)) if identity.roles.as_deref().unwrap_or_default().is_empty() => {
            about("requires roles to be included in provided effective identity")
        }
        (_, Some(_)) => Ok(()),
    }
}

fn covers(identity: &IdentityItem, dataset: &str) -> bool {
    identity.datasets.as_deref().unwrap_or_default().iter().any(|id| same_id(id, dataset))
}
