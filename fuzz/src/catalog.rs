//! Catalogs, valid and invalid.
//!
//! Input: the file's text. The faults of an invalid catalog have pointers that exist. A valid catalog allows exactly what its
//! grants allow.

use std::collections::BTreeSet;

use dynabind::catalog;
use dynabind::json::JsonFault;
use serde_json::{Value, json};

use crate::environment::{Environment, PowerBiContents};
use crate::events::{self, Kind};
use crate::gateway;
use crate::oracle::{Oracle, RequestEvent, faults};

/// The maximum number of reported faults.
const MOST_FAULTS: usize = 50;

/// The number of tested items of each kind in a catalog.
const TRIED: usize = 2;

const MODES: [&str; 3] = ["view", "edit", "create"];

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json = serde_json::from_str::<Value>(text).ok();
    match (catalog::parse(text), json) {
        (Err(faults), json) => check_faults(&faults, json.as_ref()),
        (Ok(_), Some(json)) => gateway::block_on(check_grants(text, &json)),
        (Ok(_), None) => panic!("accepted, but not JSON"),
    }
}

fn check_faults(faults: &[JsonFault], json: Option<&Value>) {
    assert!((1..=MOST_FAULTS).contains(&faults.len()), "{} faults", faults.len());
    // If a name is repeated, `serde_json` may keep the field without the fault.
    let is_repeated = faults.len() == MOST_FAULTS || faults.iter().any(|fault| fault.detail.contains("occurs twice"));
    for fault in faults {
        assert!(!fault.detail.is_empty());
        let there = json.is_none_or(|json| json.pointer(&fault.pointer).is_some());
        assert!(there || is_repeated, "{} does not exist in the file", fault.pointer);
    }
}

/// The only dataset in a workspace that is granted as a whole.
///
/// GUIDs of the corpus begin with their kind: 1 is a workspace, 9 a dataset in it.
fn dataset_of_workspace(workspace: &str) -> String {
    workspace.to_lowercase().replacen("00000001", "00000009", 1)
}

fn texts(json: &Value) -> impl Iterator<Item = &str> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn keys(json: &Value) -> impl Iterator<Item = &str> {
    json.as_object().into_iter().flat_map(serde_json::Map::keys).map(String::as_str)
}

fn grants<'c>(catalog: &'c Value, tenant: &str) -> &'c [Value] {
    catalog["tenants"][tenant]["grants"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The items of the catalog, and a dataset in each workspace that is granted as a whole.
fn powerbi_of(catalog: &Value) -> PowerBiContents {
    let mut powerbi = PowerBiContents::of_catalog(catalog);
    for grant in keys(&catalog["tenants"]).flat_map(|tenant| grants(catalog, tenant)) {
        for workspace in texts(&grant["workspaces"]) {
            powerbi.contents.entry(workspace.to_lowercase()).or_default().insert(dataset_of_workspace(workspace));
        }
    }
    powerbi
}

/// The possible meanings of the catalog. A dataset key that is the GUID of a dataset names the entry; the contract does not
/// say whether it also names the dataset of a granted workspace.
fn oracles(catalog: &Value, powerbi: &PowerBiContents) -> Vec<Oracle> {
    let is_guid = |key: &str| key.len() == 36 && key.matches('-').count() == 4;
    let oracle = |catalog: Value| {
        let (possible, certain) = (powerbi.contents.clone(), powerbi.contents.clone());
        Oracle { catalog, possible, certain, own_datasets: powerbi.own_datasets.clone() }
    };
    let mut without = catalog.clone();
    for tenant in without["tenants"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
        for grant in tenant["grants"].as_array_mut().into_iter().flatten() {
            if let Some(datasets) = grant.get_mut("datasets").and_then(Value::as_array_mut) {
                datasets.retain(|key| !key.as_str().is_some_and(is_guid));
            }
        }
    }
    if without == *catalog { vec![oracle(without)] } else { vec![oracle(catalog.clone()), oracle(without)] }
}

async fn check_grants(text: &str, catalog: &Value) {
    let powerbi = powerbi_of(catalog);
    let oracles = oracles(catalog, &powerbi);
    let more = [("DYNABIND_FRESH_TOKENS_PER_MINUTE", "100000")];
    let environment = Environment::open(text, powerbi, &more).await.expect("the catalog is valid");
    for tenant in keys(&catalog["tenants"]).take(TRIED) {
        let groups = grants(catalog, tenant).iter().flat_map(|grant| texts(&grant["groups"]));
        let groups: BTreeSet<_> = groups.take(TRIED).collect();
        for group in groups.into_iter().map(Some).chain([None]) {
            let groups: Vec<_> = group.into_iter().collect();
            let claims = json!({ "sub": "s", "email": "e@x", "tenant": tenant, "groups": groups });
            check_caller(&environment, &oracles, tenant, &claims).await;
        }
    }
}

async fn check_caller(environment: &Environment, oracles: &[Oracle], tenant: &str, claims: &Value) {
    let catalog = &oracles[0].catalog;
    let workspaces = grants(catalog, tenant).iter().flat_map(|grant| texts(&grant["workspaces"]));
    let opened = workspaces.map(dataset_of_workspace).take(TRIED);
    let datasets: Vec<_> = keys(&catalog["datasets"]).take(TRIED).map(str::to_owned).chain(opened).collect();
    let reports: Vec<_> = keys(&catalog["reports"]).take(TRIED).map(Some).chain([None]).collect();
    for mode in MODES {
        for report in reports.iter().filter(|report| report.is_some() || mode == "create") {
            // The contract does not define the only dataset of a request without a report.
            let left_out = report.map(|_| None);
            for dataset in datasets.iter().map(Some).chain(left_out) {
                let mut binding = json!({ "mode": mode });
                for (name, key) in [("report", report.map(str::to_owned)), ("dataset", dataset.cloned())] {
                    if let Some(key) = key {
                        binding[name] = key.into();
                    }
                }
                check_binding(environment, oracles, claims, &binding).await;
            }
        }
    }
}

async fn check_binding(environment: &Environment, oracles: &[Oracle], claims: &Value, binding: &Value) {
    let event = events::post(Kind::HttpLambda, "token", claims, &json!({ "bindings": [binding] }));
    let answer = environment.send("token", &event).await;
    let issued = answer.token().and_then(|token| environment.issued(token));
    // In a workspace with an unusual id, the dataset's id may not be a valid key.
    let found = oracles
        .iter()
        .map(|oracle| faults(oracle, &RequestEvent::new(&event), answer.code(), &answer.body, issued.as_ref()));
    let found: Vec<_> = found.collect();
    assert!(found.iter().any(Vec::is_empty), "{binding} of {claims}: {found:#?}\n{}", answer.body);
}
