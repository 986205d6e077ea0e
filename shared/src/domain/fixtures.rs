//! A small catalog for the unit tests of the domain.

use serde_json::{Value, json};

use super::{
    Authorization, AuthorizedBindings, BindingRequest, Caller, DatasetId, Entries, Found, Refusal, Tenant, Viewer,
};
use crate::gateway::VerifiedClaims;

pub(super) const HERE: &str = "00000001-0000-4000-8000-000000000001";
pub(super) const THERE: &str = "00000001-0000-4000-8000-000000000002";

pub(super) fn dataset_id(number: u8) -> DatasetId {
    format!("00000003-0000-4000-8000-{number:012}").parse().unwrap()
}

/// Reports `r`, `s` and `r-again`, which is `r` under another key; datasets `a` and `b`, and `mine` and `all`, which are
/// one dataset under two identities. All of them are in `HERE`.
pub(super) fn catalog(grants: &Value) -> Value {
    let report =
        |n: u8| json!({ "name": "R", "workspaceId": HERE, "reportId": format!("00000002-0000-4000-8000-{n:012}") });
    let dataset = |n: u8| json!({ "name": "D", "workspaceId": HERE, "datasetId": dataset_id(n).to_string() });
    let under = |username: &str| {
        let mut dataset = dataset(3);
        dataset["identity"] = json!({ "username": username });
        dataset
    };
    json!({
        "reports": { "r": report(1), "s": report(2), "r-again": report(1) },
        "datasets": { "a": dataset(1), "b": dataset(2), "mine": under("{email}"), "all": under("everybody") },
        "tenants": { "t": { "grants": grants } },
    })
}

pub(super) fn tenant(grants: &Value) -> Tenant {
    let catalog = crate::catalog::parse(&catalog(grants).to_string()).unwrap();
    catalog.tenants["t"].as_ref().clone()
}

pub(super) fn caller(claims: &Value) -> Caller {
    Caller::new(VerifiedClaims::for_test(claims), "tenant", "groups").unwrap()
}

/// A caller of the tenant, with all claims that the catalog's identities need.
pub(super) fn user() -> Caller {
    caller(&json!({ "sub": "u", "tenant": "t", "email": "u@x" }))
}

/// Reads `MODE REPORT DATASET`, or `create DATASET`; `-` stands for a dataset that is left out.
pub(super) fn request(text: &str) -> BindingRequest {
    let words: Vec<_> = text.split(' ').collect();
    let report = (words.len() == 3).then(|| words[1].parse().unwrap());
    let dataset = words.last().filter(|key| **key != "-").map(|key| key.parse().unwrap());
    BindingRequest { report, dataset, mode: words[0].parse().unwrap() }
}

/// Authorises requests of a caller with the whole catalog, and with the items that were found in Power BI.
pub(super) fn authorize(
    caller: &Caller,
    grants: &Value,
    bindings: &[&str],
    found: &Found,
) -> Result<AuthorizedBindings, Refusal> {
    let catalog = crate::catalog::parse(&catalog(grants).to_string()).unwrap();
    let requests: Vec<_> = bindings.iter().map(|text| request(text)).collect();
    let entries = Entries { reports: catalog.reports.clone(), datasets: catalog.datasets.clone() };
    Authorization::begin(caller, &catalog.tenants["t"], &requests)?.complete(&entries, found, Viewer::Customer)
}
