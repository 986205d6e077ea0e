//! Which grants match a request, and why the others do not.

use dynabind::domain::{BindingRequest, Caller, Grant, Mode, Tenant};
use serde::Serialize;

use crate::source::LoadedCatalog;

/// Whether one grant matches a request.
#[derive(Debug, Serialize)]
pub struct GrantExplanation {
    /// Its place in the catalog.
    pub place: String,
    /// Whether it matches.
    pub matches: bool,
    /// Why it does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mismatches: Vec<Mismatch>,
}

/// A field of a grant that does not match a request.
#[derive(Debug, Serialize)]
pub struct Mismatch {
    /// `groups`, `modes`, `reports` or `datasets`.
    pub field: &'static str,
    /// Why it does not match.
    pub detail: String,
}

pub(super) fn explain(
    loaded: &LoadedCatalog,
    tenant: &Tenant,
    caller: &Caller,
    request: &BindingRequest,
) -> Vec<GrantExplanation> {
    let explain = |(index, grant): (usize, &Grant)| {
        let place = loaded.place(&["tenants", &tenant.name, "grants", &index.to_string()]);
        let mismatches: Vec<_> = mismatches(grant, caller, request).collect();
        GrantExplanation { place, matches: mismatches.is_empty(), mismatches }
    };
    tenant.grants.iter().enumerate().map(explain).collect()
}

fn mismatches(grant: &Grant, caller: &Caller, request: &BindingRequest) -> impl Iterator<Item = Mismatch> {
    [groups(grant, caller), modes(grant, request), reports(grant, request), datasets(grant, request)]
        .into_iter()
        .flatten()
}

fn groups(grant: &Grant, caller: &Caller) -> Option<Mismatch> {
    let groups = grant.groups.as_ref()?.join(", ");
    let detail = format!("the caller is in none of {groups}");
    (!grant.applies_to(caller)).then_some(Mismatch { field: "groups", detail })
}

fn modes(grant: &Grant, request: &BindingRequest) -> Option<Mismatch> {
    let modes: Vec<_> = grant.modes.iter().map(|mode| mode.as_str()).collect();
    let detail = format!("it allows {}, not {}", modes.join(", "), request.mode.as_str());
    (!grant.modes.contains(&request.mode)).then_some(Mismatch { field: "modes", detail })
}

fn reports(grant: &Grant, request: &BindingRequest) -> Option<Mismatch> {
    let key = request.report.as_ref()?;
    let is_guid = key.as_str().parse::<dynabind::domain::ReportId>().is_ok();
    let may_be_saved = is_guid && grant.save_to.is_some() && request.mode != Mode::Create;
    if grant.reports.contains(key) || may_be_saved {
        return None;
    }
    Some(Mismatch { field: "reports", detail: format!("it does not name the report `{key}`") })
}

fn datasets(grant: &Grant, request: &BindingRequest) -> Option<Mismatch> {
    let key = request.dataset.as_ref()?;
    let is_guid = key.as_str().parse::<dynabind::domain::DatasetId>().is_ok();
    if grant.datasets.contains(key) || (is_guid && !grant.workspaces.is_empty()) {
        return None;
    }
    Some(Mismatch { field: "datasets", detail: format!("it does not name the dataset `{key}`") })
}
