//! Catalogs of any size, and the authorization of a binding.

use std::sync::Arc;

use dynabind::catalog::Catalog;
use dynabind::domain::{self, AuthorizedBindings, BindingRequest, Caller, Found, Mode, Viewer};
use dynabind::gateway::GatewayEvent;
use dynabind::ports::CatalogReader;
use dynabind::request::RequestContext;
use futures_util::FutureExt;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::upstream::WORKSPACE;

/// The tenant of the events.
pub const TENANT: &str = "tenant-0";
/// A report that this tenant may bind.
pub const REPORT: &str = "report-0";
/// The dataset that it may be bound to.
pub const DATASET: &str = "dataset-0";

const REPORTS: usize = 20;

/// A catalog of this many tenants, each with its own dataset and two grants.
#[must_use]
pub fn text(tenants: usize) -> String {
    let entries = |count: usize, entry: &dyn Fn(usize) -> (String, Value)| -> Map<String, Value> {
        (0..count).map(entry).collect()
    };
    json!({
        "reports": entries(REPORTS, &report),
        "datasets": entries(tenants, &dataset),
        "tenants": entries(tenants, &tenant),
    })
    .to_string()
}

fn report(index: usize) -> (String, Value) {
    let entry = json!({"name": format!("Report {index}"), "workspaceId": WORKSPACE, "reportId": guid(index)});
    (format!("report-{index}"), entry)
}

fn dataset(index: usize) -> (String, Value) {
    let entry = json!({
        "name": format!("Dataset {index}"),
        "workspaceId": WORKSPACE,
        "datasetId": guid(index),
        "identity": {"username": "{email}", "roles": ["Tenant"], "customData": "{tenant}"},
    });
    (format!("dataset-{index}"), entry)
}

fn tenant(index: usize) -> (String, Value) {
    let dataset = format!("dataset-{index}");
    let grants = json!([
        {"reports": ["report-0", "report-1"], "datasets": [dataset]},
        {"reports": ["report-0", "report-2"], "datasets": [dataset], "modes": ["view", "edit"], "groups": ["analysts"]},
    ]);
    (format!("tenant-{index}"), json!({"grants": grants}))
}

fn guid(index: usize) -> String {
    format!("00000000-0000-4000-8000-{index:012x}")
}

/// A caller's request for one binding, and a catalog.
pub struct Authorization {
    catalog: Catalog,
    context: Arc<RequestContext>,
    caller: Caller,
    request: BindingRequest,
}

impl Authorization {
    /// A request of a caller of one of this many tenants.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn among(tenants: usize) -> Result<Self, Error> {
        let catalog = dynabind::catalog::parse(&text(tenants)).map_err(|faults| format!("{faults:?}"))?;
        let caller = caller(&json!({
            "sub": "ana", "tenant": TENANT, "email": "ana@contoso.example", "groups": ["analysts"],
        }))?;
        let request =
            BindingRequest { report: Some(REPORT.parse()?), dataset: Some(DATASET.parse()?), mode: Mode::Edit };
        Ok(Self { catalog, context: Arc::new(RequestContext::begin(None)), caller, request })
    }

    /// Authorizes the request; `None` if it is refused.
    #[must_use]
    pub fn decide(&self) -> Option<AuthorizedBindings> {
        let name = self.caller.tenant()?;
        let tenant = self.catalog.tenant(&self.context, name).now_or_never()?.ok()??;
        let begun = domain::Authorization::begin(&self.caller, &tenant, std::slice::from_ref(&self.request)).ok()?;
        let (reports, datasets) = (begun.report_keys(), begun.dataset_keys());
        let entries = self.catalog.entries(&self.context, &tenant, &reports, &datasets).now_or_never()?.ok()?;
        begun.complete(&entries, &Found::default(), Viewer::Customer).ok()
    }
}

/// The caller of an event with these claims from a Lambda authorizer.
///
/// # Errors
/// When the claims identify no caller.
pub fn caller(claims: &Value) -> Result<Caller, Error> {
    let event = json!({
        "version": "2.0", "rawPath": "/token", "headers": {},
        "requestContext": {
            "authorizer": { "lambda": claims }, "http": { "method": "POST", "path": "/token" },
        },
    });
    let claims = serde_json::from_str::<GatewayEvent>(&event.to_string())?.into_claims();
    Caller::new(claims.ok_or("no claims")?, "tenant", "groups").map_err(|error| format!("{error:?}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_authorized() {
        assert!(Authorization::among(10).unwrap().decide().is_some());
    }
}
