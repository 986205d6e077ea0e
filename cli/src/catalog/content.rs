//! A catalog as the items of a table, and back.

use std::collections::BTreeMap;

use dynabind::catalog;
use dynabind::catalog::item::ItemKey;
use dynabind::domain::EntryVersion;
use dynabind::json::JsonFault;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use crate::catalog::LoaderError;
use crate::catalog::item::{Item, Items};

/// The longest text of a report or dataset. One read returns at most a hundred of them,
/// and together they must stay below the size of an answer that a function accepts.
const MAX_ENTRY: usize = 24 * 1024;

/// The longest text of a tenant. DynamoDB limits an item to 400 KB.
const MAX_TENANT: usize = 380 * 1024;

/// Turns a catalog's JSON text into items.
///
/// # Errors
/// The error has every fault with its place.
pub fn from_json(text: &str) -> Result<Items, Vec<JsonFault>> {
    catalog::parse(text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: Value = serde_json::from_str(text).map_err(|error| vec![fault(String::new(), error.to_string())])?;
    let mut building = Building::default();
    let reports = building.entries(&root["reports"], "/reports", ItemKey::Report);
    let datasets = building.entries(&root["datasets"], "/datasets", ItemKey::Dataset);
    building.tenants(&root["tenants"], &reports, &datasets);
    if building.faults.is_empty() { Ok(building.items) } else { Err(building.faults) }
}

/// Each entry's item, by the name of the entry.
type Named = BTreeMap<String, Entry>;

/// What a tenant needs to know of an entry's item.
#[derive(Clone)]
struct Entry {
    version: String,
    key: ItemKey,
}

#[derive(Default)]
struct Building {
    items: Items,
    faults: Vec<JsonFault>,
}

impl Building {
    fn entries<K: std::str::FromStr>(
        &mut self,
        entries: &Value,
        pointer: &str,
        item_key: fn(K, EntryVersion) -> ItemKey,
    ) -> Named {
        let mut named = Named::new();
        for (name, entry) in entries.as_object().into_iter().flatten() {
            let entry = canonical(entry).to_string();
            let version = version_of(&entry);
            self.check_length(entry.len(), MAX_ENTRY, pointer, name);
            // Both parse, because the catalog has been validated.
            if let (Ok(key), Ok(parsed)) = (name.parse(), version.parse()) {
                let key = item_key(key, parsed);
                self.items.insert(key.clone(), Item { entry, ..Item::default() });
                named.insert(name.clone(), Entry { version, key });
            }
        }
        named
    }

    fn tenants(&mut self, tenants: &Value, reports: &Named, datasets: &Named) {
        for (name, tenant) in tenants.as_object().into_iter().flatten() {
            let entry = canonical(tenant).to_string();
            let (reports, datasets) = (named(tenant, "reports", reports), named(tenant, "datasets", datasets));
            let versions = json!({ "reports": versions(&reports), "datasets": versions(&datasets) });
            let versions = canonical(&versions).to_string();
            self.check_length(entry.len() + versions.len(), MAX_TENANT, "/tenants", name);
            if let Ok(key) = name.parse().map(ItemKey::Tenant) {
                let item = Item { entry, versions: Some(versions), ..Item::default() };
                let item = item.with_copies(&key, self.alternating(&reports, &datasets));
                self.items.insert(key, item);
            }
        }
    }

    /// The entries that a tenant names, in the order in which they are copied: reports and datasets alternate, because a
    /// binding needs one of each.
    fn alternating<'b>(
        &'b self,
        reports: &'b Named,
        datasets: &'b Named,
    ) -> impl Iterator<Item = (&'b ItemKey, &'b str)> {
        let mut entries: Vec<_> = reports.values().enumerate().chain(datasets.values().enumerate()).collect();
        entries.sort_by_key(|(position, _)| *position);
        entries.into_iter().map(|(_, entry)| (&entry.key, self.items[&entry.key].entry.as_str()))
    }

    fn check_length(&mut self, length: usize, limit: usize, pointer: &str, name: &str) {
        if length > limit {
            let name = name.replace('~', "~0").replace('/', "~1");
            let detail = format!("it is {length} bytes long; the limit for an item of a table is {limit}");
            self.faults.push(fault(format!("{pointer}/{name}"), detail));
        }
    }
}

fn fault(pointer: String, detail: String) -> JsonFault {
    JsonFault { pointer, detail }
}

/// The entries that the tenant's grants name.
fn named(tenant: &Value, field: &str, all: &Named) -> Named {
    let grants = tenant["grants"].as_array().into_iter().flatten();
    let names = grants.flat_map(|grant| grant[field].as_array().into_iter().flatten()).filter_map(Value::as_str);
    names.filter_map(|name| Some((name.to_owned(), all.get(name)?.clone()))).collect()
}

fn versions(named: &Named) -> Map<String, Value> {
    named.iter().map(|(name, entry)| (name.clone(), json!(entry.version))).collect()
}

/// The version of an entry: a digest of its content. An entry that has not changed is therefore not written again.
fn version_of(entry: &str) -> String {
    let digest = digest(&SHA256, entry.as_bytes());
    let start = digest.as_ref().iter().take(16).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    format!("{start:032x}")
}

/// The value with the fields of every object sorted.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name, canonical(value))).collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        scalar => scalar.clone(),
    }
}

/// Turns a table's items into the text of a catalog file: sorted, indented, with
/// a line feed at the end, so that the same content is the same file.
///
/// # Errors
/// When an item is broken, or the table is half-way through a push.
pub fn to_json(table: &str, items: &Items) -> Result<String, LoaderError> {
    let (mut reports, mut datasets, mut tenants) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (key, item) in items {
        let (map, name) = match key {
            ItemKey::Report(key, _) => (&mut reports, key.as_str()),
            ItemKey::Dataset(key, _) => (&mut datasets, key.as_str()),
            ItemKey::Tenant(key) => (&mut tenants, key.as_str()),
        };
        let entry: Value = serde_json::from_str(&item.entry)
            .map_err(|error| LoaderError::Broken { key: key.to_string(), detail: error.to_string() })?;
        if map.insert(name, canonical(&entry)).is_some() {
            return Err(LoaderError::HalfWay { table: table.to_owned(), entry: name.to_owned() });
        }
    }
    let root = BTreeMap::from([("reports", reports), ("datasets", datasets), ("tenants", tenants)]);
    // Cannot fail: the value has only texts, lists and maps.
    Ok(serde_json::to_string_pretty(&root).unwrap_or_default() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "191d5d7a-e4e4-4b20-8ecc-5e1b3de14852";

    fn catalog() -> Value {
        json!({
            "reports": { "r": { "workspaceId": GUID, "name": "R", "reportId": GUID } },
            "datasets": { "d": { "name": "D", "workspaceId": GUID, "datasetId": GUID },
                          "e": { "name": "E", "workspaceId": GUID, "datasetId": GUID } },
            "tenants": { "t": { "grants": [{ "reports": ["r"], "datasets": ["d"] }] } },
        })
    }

    #[test]
    fn a_tenant_names_the_versions_of_its_own_entries() {
        let items = from_json(&catalog().to_string()).unwrap();
        let tenant = &items[&"TENANT#t".parse().unwrap()];
        let versions: Value = serde_json::from_str(tenant.versions.as_ref().unwrap()).unwrap();
        assert_eq!(versions["datasets"].as_object().unwrap().keys().collect::<Vec<_>>(), ["d"]);
        let key = format!("DATASET#d#{}", versions["datasets"]["d"].as_str().unwrap());
        assert!(items.contains_key(&key.parse().unwrap()), "{key}");
        assert_eq!(items.len(), 4);
    }

    #[test]
    fn the_order_of_fields_does_not_change_the_version() {
        let text = catalog().to_string();
        let fields = [("name", "R"), ("reportId", GUID), ("workspaceId", GUID)];
        let written = |fields: &[(&str, &str)]| {
            let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
            format!("{{{}}}", fields.join(","))
        };
        let (one, other) = (written(&fields), written(&[fields[2], fields[0], fields[1]]));
        assert!(text.contains(&one), "{text}");
        assert_eq!(from_json(&text).unwrap(), from_json(&text.replace(&one, &other)).unwrap());
    }

    #[test]
    fn a_file_is_the_same_after_a_push_and_a_pull() {
        let once = to_json("t", &from_json(&catalog().to_string()).unwrap()).unwrap();
        let twice = to_json("t", &from_json(&once).unwrap()).unwrap();
        assert_eq!(once, twice);
        assert_eq!(serde_json::from_str::<Value>(&once).unwrap(), catalog());
    }

    #[test]
    fn an_entry_that_is_too_long_is_refused_with_its_place() {
        let mut catalog = catalog();
        catalog["reports"]["r"]["name"] = json!("n".repeat(MAX_ENTRY));
        let faults = from_json(&catalog.to_string()).unwrap_err();
        assert_eq!(faults[0].pointer, "/reports/r");
    }
}
