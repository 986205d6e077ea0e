//! Whether the service principal has the profiles that the catalog names.

use std::sync::Arc;

use dynabind::domain::{ProfileId, Tenant};
use serde_json::Value;

use super::finding::{About, Fault, Findings};
use super::lists::PROFILES;
use super::run::Run;
use crate::connection::RestError;

/// The tenants, except those whose profile is unknown: Power BI refuses every call for them.
pub(super) async fn known(run: &Run<'_>, tenants: Vec<Arc<Tenant>>, findings: &mut Findings) -> Vec<Arc<Tenant>> {
    if run.options.scenario.is_organization() {
        return tenants;
    }
    let mut known = Vec::new();
    for tenant in tenants {
        let Some(profile) = tenant.profile else {
            known.push(tenant);
            continue;
        };
        let place = run.loaded.place(&["tenants", &tenant.name, "profileId"]);
        let about = About { tenant: Some(tenant.name.clone()), place: Some(place), ..About::default() };
        match is_known(run, profile).await {
            Ok(true) => known.push(tenant),
            Ok(false) => findings.add(&about, &unknown(profile)),
            Err(error) => {
                findings.skip(&about, "the profile", &format!("the list of profiles cannot be read: {error}"));
                known.push(tenant);
            }
        }
    }
    known
}

/// A profile that is not in the list is looked up by its id, because it is not documented how many profiles a list has.
async fn is_known(run: &Run<'_>, profile: ProfileId) -> Result<bool, RestError> {
    let is_it = |listed: &Value| listed["id"].as_str().is_some_and(|id| id.parse() == Ok(profile));
    if run.lists.get(PROFILES, None).await?.iter().any(is_it) {
        return Ok(true);
    }
    match run.connection.rest.get(&format!("{PROFILES}/{profile}"), None).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.status, Some(401 | 403 | 404)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn unknown(profile: ProfileId) -> Fault {
    Fault {
        code: "profile-unknown".to_owned(),
        problem: format!("the service principal has no profile {profile}"),
        viewer_sees: "no report: Power BI refuses every call for this tenant".to_owned(),
        remedy: "create the profile (step 5 of the setup) and set it as the tenant's profileId".to_owned(),
        ..Fault::default()
    }
}
