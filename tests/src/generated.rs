//! Random catalogs, callers and requests, as JSON.
//!
//! Ids are GUIDs from which kind and number can be read back: 1 is a workspace,
//! 2 a report, 3 a dataset of the catalog, 4 a report's own dataset, 5 a
//! paginated report, 9 a dataset that only its workspace leads to.

use std::sync::LazyLock;

use dynabind::catalog;
use fuzz::events::Kind;
use fuzz::site::World;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};

const TENANTS: [&str; 3] = ["t0", "t1", "t2"];
const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
const MODES: [&str; 3] = ["view", "edit", "create"];

/// How many reports and datasets a catalog has. The last of each has the id of the first.
const ITEMS: usize = 5;

/// How many workspaces may be granted as a whole.
const WORKSPACES: usize = 3;

/// How many datasets only a workspace leads to.
pub const LISTED: usize = 4;

/// The workspace of the reports, which is never granted as a whole.
const HOME: usize = 7;

/// A GUID of the tests.
#[must_use]
pub fn guid(kind: u8, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// Whether the product's catalog has the fields that were added last: datasets with an identity
/// under `alsoNeeds` and `includeOwnDataset`, and `paginatedReports`.
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

/// A catalog that lets a paginated report be edited is refused.
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
        // No dataset needs itself.
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
        for (tenant, mut grants) in TENANTS.iter().zip(grants) {
            grants.iter_mut().for_each(|grant| leave_paginated_to_view(grant, &catalog));
            catalog["tenants"][tenant] = json!({ "grants": grants });
        }
        if profile { catalog["tenants"]["t1"]["profileId"] = guid(8, 0).into(); }
        catalog
    }
}

/// What a catalog names, and what else its workspaces hold.
#[must_use]
pub fn world_of(catalog: &Value) -> World {
    let mut world = World::of_catalog(catalog);
    for number in 0..LISTED {
        world.contents.entry(guid(1, number % WORKSPACES)).or_default().insert(guid(9, number));
    }
    world.own_datasets = (0..ITEMS).map(|number| (guid(2, number), guid(4, number))).collect();
    world
}

/// A caller: how the claims come, and the claims.
#[derive(Clone, Debug)]
pub struct AnyCaller {
    /// The authorizer.
    pub kind: Kind,
    /// The claims of the caller's token.
    pub claims: Value,
}

/// The groups claim: mostly a list, and everything that could be taken for one.
fn groups() -> impl Strategy<Value = Value> {
    let odd = json!([
        ["x g0 y", null], ["g0 g1"], [["g0"]], [{ "g0": "g1" }, 7, "g2"], "g0", "[g0 g1]", "[hr, x g0]", "g0 g1", 7, null,
        { "g0": true }
    ]);
    prop_oneof![
        4 => some_of(&GROUPS, 0).prop_map(|groups| json!(groups)),
        2 => select(odd.as_array().unwrap().clone()),
    ]
}

prop_compose! {
    /// A caller of one of the tenants, whose claims may be of the wrong type.
    pub fn any_caller()(
        tenant in select(TENANTS.to_vec()), groups in groups(), kind in select(Kind::ALL.to_vec()),
        subject in select(vec!["s0", "s1"]),
        email in prop_oneof![
            6 => "[a-b]@x".prop_map(Value::from),
            1 => select(vec![json!(["a@x", "b@x"]), json!(["a@x"]), json!({ "a": "b" }), json!(null), json!(17), json!("")]),
        ],
        odd_tenant in proptest::bool::weighted(0.05),
    ) -> AnyCaller {
        let tenant = if odd_tenant { json!([tenant]) } else { json!(tenant) };
        let mut claims = json!({ "sub": subject, "tenant": tenant, "groups": groups, "email": email });
        if let Some(claims) = claims.as_object_mut() { claims.retain(|_, value| !value.is_null()); }
        AnyCaller { kind, claims }
    }
}

/// What decides a binding together with the grants that it is made for.
#[derive(Clone, Debug)]
pub struct AnyBinding {
    choices: [Index; 4],
    /// Which part, if any, is no part of the grant.
    stray: Option<usize>,
    leaves_dataset_out: bool,
}

prop_compose! {
    /// A binding.
    pub fn any_binding()(
        choices in any::<[Index; 4]>(), stray in proptest::option::weighted(0.1, 0..3_usize),
        leaves_dataset_out in proptest::bool::weighted(0.1),
    ) -> AnyBinding {
        AnyBinding { choices, stray, leaves_dataset_out }
    }
}

fn pick<T: Clone>(from: &[T], index: Index) -> Option<T> {
    (!from.is_empty()).then(|| from[index.index(from.len())].clone())
}

fn strings(json: &Value) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl AnyBinding {
    fn of(&self, catalog: &Value, world: &World, tenant: &str) -> Value {
        let [by_grant, by_report, by_dataset, by_mode] = self.choices;
        let grants = catalog["tenants"][tenant]["grants"].as_array().cloned().unwrap_or_default();
        let grant = pick(&grants, by_grant).unwrap_or_default();
        let listed =
            strings(&grant["workspaces"]).into_iter().filter_map(|id| world.contents.get(&id)).flatten().cloned();
        let datasets: Vec<_> = strings(&grant["datasets"]).into_iter().chain(listed).collect();
        let everywhere: Vec<_> = (0..LISTED).map(|n| guid(9, n)).chain((0..ITEMS).map(|n| format!("d{n}"))).collect();
        let all = |prefix: &str| (0..ITEMS).map(|n| format!("{prefix}{n}")).collect();
        let [reports, datasets, modes] = [
            (strings(&grant["reports"]), all("r")),
            (datasets, everywhere),
            (strings(&grant["modes"]), MODES.map(str::to_owned).to_vec()),
        ]
        .into_iter()
        .enumerate()
        .map(|(part, (granted, all))| if self.stray == Some(part) { all } else { granted })
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
        let mode = pick(&modes, by_mode).unwrap_or_else(|| "view".to_owned());
        let report = pick(&reports, by_report).unwrap_or_else(|| "r0".to_owned());
        let mut binding = json!({ "mode": mode, "report": report, "dataset": pick(&datasets, by_dataset) });
        let fields = binding.as_object_mut().unwrap();
        fields.retain(|_, value| !value.is_null());
        if self.leaves_dataset_out {
            fields.remove("dataset");
        }
        // Which dataset is the only one of no report, the contract does not say.
        if mode == "create" && fields.contains_key("dataset") && by_report.index(2) == 0 {
            fields.remove("report");
        }
        binding
    }
}

/// The body of a request of this caller, without exact duplicates.
#[must_use]
pub fn body(
    catalog: &Value,
    world: &World,
    caller: &AnyCaller,
    bindings: &[AnyBinding],
    minutes: Option<u16>,
) -> Value {
    let tenant = caller.claims["tenant"].as_str().unwrap_or_default();
    let mut all: Vec<Value> = Vec::new();
    for binding in bindings {
        let binding = binding.of(catalog, world, tenant);
        if !all.contains(&binding) {
            all.push(binding);
        }
    }
    let mut body = json!({ "bindings": all });
    if let Some(minutes) = minutes {
        body["lifetimeMinutes"] = minutes.into();
    }
    body
}
