//! Random catalogs, callers and requests, as JSON.
//!
//! Ids are GUIDs that contain kind and number. The kinds are: 1 a workspace, 2 a report, 3 a dataset of the catalog, 4 a
//! report's own dataset, 5 a paginated report, 9 a dataset that is only in its workspace.

mod requests;

use std::sync::LazyLock;

use dynabind::catalog;
use fuzz::environment::PowerBiContents;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

pub use self::requests::{AnyBinding, AnyCaller, any_binding, any_caller, body};

const TENANTS: [&str; 3] = ["t0", "t1", "t2"];
const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
const MODES: [&str; 3] = ["view", "edit", "create"];

/// How many reports and datasets a catalog has. The last of each has the id of the first.
const ITEMS: usize = 5;

/// How many workspaces may be granted as a whole.
const WORKSPACES: usize = 3;

/// How many datasets are only in a workspace and not in the catalog.
pub const LISTED: usize = 4;

/// The workspace of the reports, which is never granted as a whole.
const HOME: usize = 7;

/// A GUID of the tests.
#[must_use]
pub fn guid(kind: u8, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// Whether the catalog supports datasets with an identity under `alsoNeeds` and `includeOwnDataset`, and
/// `paginatedReports`.
static HAS_NEW_FIELDS: LazyLock<bool> = LazyLock::new(|| {
    let identity = json!({ "username": "{email}" });
    let sample = json!({
        "reports": { "r": { "name": "R", "workspaceId": guid(1, 0), "reportId": guid(2, 0),
                            "includeOwnDataset": { "identity": identity }, "paginatedReports": [guid(5, 0)] } },
        "datasets": { "d": { "name": "D", "workspaceId": guid(1, 0), "datasetId": guid(3, 0),
                             "alsoNeeds": [{ "datasetId": guid(3, 1), "identity": identity }] } },
        "tenants": { "t": { "grants": [] } },
    });
    catalog::parse(&sample.to_string()).is_ok()
});

fn some_of(of: &'static [&'static str], at_least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(of.to_vec(), at_least..=of.len())
}

fn keys(prefix: &'static str, at_least: usize) -> impl Strategy<Value = Vec<String>> {
    subsequence((0..ITEMS).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>(), at_least..=3)
}

prop_compose! {
    fn grant()(
        reports in keys("r", 1), datasets in keys("d", 0), modes in some_of(&MODES, 1),
        groups in proptest::option::weighted(0.4, some_of(&GROUPS, 1)),
        workspaces in proptest::collection::vec(0..WORKSPACES, 0..=1),
        save in proptest::option::weighted(0.6, 0..2_usize),
    ) -> Value {
        let workspaces: Vec<_> = workspaces.into_iter().map(|n| guid(1, n)).collect();
        let mut grant = json!({ "reports": reports, "datasets": datasets, "modes": modes, "workspaces": workspaces });
        if let Some(groups) = groups { grant["groups"] = json!(groups); }
        if let Some(save) = save { grant["saveTo"] = json!(guid(1, save)); }
        grant
    }
}

fn strings(json: &Value) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The reader refuses a catalog that permits to edit a paginated report.
fn leave_paginated_to_view(grant: &mut Value, catalog: &Value) {
    if strings(&grant["modes"]) == ["view"] {
        return;
    }
    let reports = strings(&grant["reports"]).into_iter();
    let reports: Vec<_> = reports.filter(|key| catalog["reports"][key]["kind"] != "paginated").collect();
    grant["reports"] = if reports.is_empty() { json!(["r0"]) } else { json!(reports) };
}

fn identity() -> impl Strategy<Value = Value> {
    let part = select(vec!["{email}", "{sub}", "fixed", "of-{tenant}", "{cost_center}"]);
    (part.clone(), proptest::option::of(Just("reader")), proptest::option::weighted(0.2, part)).prop_map(
        |(username, role, custom)| {
            let mut identity = json!({ "username": username });
            if let Some(role) = role {
                identity["roles"] = json!([role]);
            }
            if let Some(custom) = custom {
                identity["customData"] = custom.into();
            }
            identity
        },
    )
}

fn dataset(number: usize) -> impl Strategy<Value = Value> {
    let needs = proptest::collection::vec((0..ITEMS + 2, proptest::option::of(identity())), 0..2);
    let workspace = select(vec![0, 1, HOME]);
    (proptest::option::of(identity()), needs, workspace).prop_map(move |(identity, needs, workspace)| {
        let need = |(n, identity): (usize, Option<Value>)| match identity {
            Some(identity) if *HAS_NEW_FIELDS => json!({ "datasetId": guid(3, n), "identity": identity }),
            _ => json!(guid(3, n)),
        };
        let id = number % (ITEMS - 1);
        // A dataset does not need itself.
        let needs: Vec<_> = needs.into_iter().filter(|(n, _)| *n != id).map(need).collect();
        let mut dataset = json!({ "name": "D", "workspaceId": guid(1, workspace), "datasetId": guid(3, id) });
        if let Some(identity) = identity {
            dataset["identity"] = identity;
        }
        if !needs.is_empty() {
            dataset["alsoNeeds"] = json!(needs);
        }
        dataset
    })
}

fn report(number: usize) -> impl Strategy<Value = Value> {
    let own = select(vec![0, 0, 0, 1, 2]);
    (own, identity(), 0..4_usize).prop_map(move |(own, identity, inner)| {
        let id = guid(2, number % (ITEMS - 1));
        let mut report = json!({ "name": "R", "workspaceId": guid(1, HOME), "reportId": id });
        match own {
            1 => report["includeOwnDataset"] = true.into(),
            2 if *HAS_NEW_FIELDS => report["includeOwnDataset"] = json!({ "identity": identity }),
            _ => {}
        }
        match (number, inner) {
            (1, 0) => {
                report["kind"] = "paginated".into();
                report["sourceDatasetId"] = guid(4, number).into();
            }
            (2, 0 | 1) => report["paginatedSources"] = json!([guid(4, 9)]),
            _ => {}
        }
        if number == 2 && inner == 0 && *HAS_NEW_FIELDS {
            report["paginatedReports"] = json!([guid(5, 0)]);
        }
        report
    })
}

prop_compose! {
    /// A catalog of three tenants.
    pub fn any_catalog()(
        grants in proptest::collection::vec(proptest::collection::vec(grant(), 1..5), TENANTS.len()),
        reports in std::array::from_fn::<_, ITEMS, _>(report), datasets in std::array::from_fn::<_, ITEMS, _>(dataset),
        profile in any::<bool>(),
    ) -> Value {
        let keyed = |prefix: &str, entries: [Value; ITEMS]| -> Value {
            entries.into_iter().enumerate().map(|(n, entry)| (format!("{prefix}{n}"), entry)).collect()
        };
        let mut catalog = json!({ "reports": keyed("r", reports), "datasets": keyed("d", datasets), "tenants": {} });
        // A dataset of Power BI is in one workspace, even if it has several keys in the catalog.
        catalog["datasets"][format!("d{}", ITEMS - 1)]["workspaceId"] = catalog["datasets"]["d0"]["workspaceId"].clone();
        for (tenant, mut grants) in TENANTS.iter().zip(grants) {
            for grant in &mut grants { leave_paginated_to_view(grant, &catalog); }
            catalog["tenants"][tenant] = json!({ "grants": grants });
        }
        if profile { catalog["tenants"]["t1"]["profileId"] = guid(8, 0).into(); }
        catalog
    }
}

/// The items of a catalog, and other items of its workspaces.
#[must_use]
pub fn powerbi_of(catalog: &Value) -> PowerBiContents {
    let mut powerbi = PowerBiContents::of_catalog(catalog);
    for number in 0..LISTED {
        powerbi.contents.entry(guid(1, number % WORKSPACES)).or_default().insert(guid(9, number));
    }
    powerbi.own_datasets = (0..ITEMS).map(|number| (guid(2, number), guid(4, number))).collect();
    powerbi
}
