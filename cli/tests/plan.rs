//! For any two catalogs, a push never gives a tenant a mixture of them.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeMap;

use dynabind::catalog::item::{self, ItemKey};
use dynabind_cli::catalog::{Items, Plan, Stage, Write, from_json};
use proptest::prelude::*;
use serde_json::{Value, json};

/// An id made of a number.
fn guid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

prop_compose! {
    fn catalogs()(
        reports in prop::collection::vec(prop::option::weighted(0.8, 0_usize..3), 3),
        datasets in prop::collection::vec(prop::option::weighted(0.8, (0_usize..3, any::<bool>())), 4),
        tenants in prop::collection::vec(
            prop::option::weighted(0.8, prop::collection::vec((0_usize..3, prop::collection::vec(0_usize..4, 0..3)), 0..3)),
            3
        ),
    ) -> Value {
        let mut catalog = json!({ "reports": {}, "datasets": {}, "tenants": {} });
        for (key, id) in reports.iter().enumerate().filter_map(|(key, id)| Some((key, (*id)?))) {
            catalog["reports"][format!("r{key}")] = json!({ "name": "R", "workspaceId": guid(0), "reportId": guid(id) });
        }
        for (key, (id, secured)) in datasets.iter().enumerate().filter_map(|(key, entry)| Some((key, (*entry)?))) {
            let mut entry = json!({ "name": "D", "workspaceId": guid(0), "datasetId": guid(id) });
            if secured {
                entry["identity"] = json!({ "username": "{email}" });
            }
            catalog["datasets"][format!("d{key}")] = entry;
        }
        for (key, grants) in tenants.iter().enumerate().filter_map(|(key, grants)| Some((key, grants.as_ref()?))) {
            let known = |kind: &str, name: String| catalog[kind].get(&name).is_some().then(|| json!(name));
            let grants: Vec<_> = grants.iter().map(|(report, datasets)| {
                let reports: Vec<_> = known("reports", format!("r{report}")).into_iter().collect();
                let datasets: Vec<_> = datasets.iter().filter_map(|key| known("datasets", format!("d{key}"))).collect();
                json!({ "reports": reports, "datasets": datasets })
            }).collect();
            catalog["tenants"][format!("t{key}")] = json!({ "grants": grants });
        }
        catalog
    }
}

/// What a function would read of each tenant: its text, and the entries that it names.
type View = BTreeMap<String, (String, BTreeMap<String, Option<String>>)>;

fn view_of(items: &Items) -> View {
    let tenants = items.iter().filter_map(|(key, item)| match key {
        ItemKey::Tenant(name) => Some((name, item)),
        _ => None,
    });
    tenants
        .map(|(name, tenant)| {
            let versions = item::parse_versions(tenant.versions.as_ref().unwrap()).unwrap();
            let entry = |key: ItemKey| items.get(&key).map(|item| item.entry.clone());
            let reports = versions.reports.into_iter().map(|(key, version)| ItemKey::Report(key, version));
            let datasets = versions.datasets.into_iter().map(|(key, version)| ItemKey::Dataset(key, version));
            let named: BTreeMap<_, _> = reports.chain(datasets).map(|key| (key.to_string(), entry(key))).collect();
            // A copy is equal to its item.
            for (key, copy) in &tenant.copies {
                assert_eq!(named.get(key), Some(&Some(copy.clone())), "{name}: {key}");
            }
            assert_eq!(tenant.copies.len(), named.len(), "{name}: a small tenant has a copy of each entry");
            (name.to_string(), (tenant.entry.clone(), named))
        })
        .collect()
}

proptest! {
    #[test]
    fn a_tenant_has_only_old_or_only_new_content(old in catalogs(), new in catalogs()) {
        let (old, new) = (from_json(&old.to_string()).unwrap(), from_json(&new.to_string()).unwrap());
        let (before, after) = (view_of(&old), view_of(&new));
        let plan = Plan::new(&old, &new);
        let mut table = old.clone();
        for write in Stage::ALL.iter().flat_map(|stage| plan.of(*stage)) {
            match write {
                Write::Put(key, item) => drop(table.insert(key.clone(), item.clone())),
                Write::Delete(key) => drop(table.remove(key)),
            }
            for (name, seen) in view_of(&table) {
                let fine = before.get(&name) == Some(&seen) || after.get(&name) == Some(&seen);
                prop_assert!(fine, "{name} sees {seen:?} after {write:?}");
            }
        }
        prop_assert_eq!(&table, &new);
        prop_assert!(Plan::new(&table, &new).is_empty());
    }
}
