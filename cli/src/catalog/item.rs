//! An item of a catalog's table.

use std::collections::BTreeMap;

use dynabind::catalog::item::{COPIES, ENTRY, ItemKey, KEY, VERSIONS};
use serde_json::{Map, Value, json};

/// A consistent read takes one read unit for every 4 KB of an item, rounded up.
const READ_UNIT: usize = 4096;

/// The content of an item, without its key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Item {
    /// The entry as JSON, with sorted fields.
    pub entry: String,
    /// Only in a tenant's item: the versions of the entries that the tenant names, as JSON.
    pub versions: Option<String>,
    /// Only in a tenant's item: copies of the entries that the tenant names, by the keys of their items.
    pub copies: BTreeMap<String, String>,
}

impl Item {
    /// The item under this key, in DynamoDB's own JSON.
    #[must_use]
    pub fn wire_json(&self, key: &ItemKey) -> Value {
        let text = |text: &str| json!({ "S": text });
        let mut item = json!({ (KEY): text(&key.to_string()), (ENTRY): text(&self.entry) });
        if let Some(versions) = &self.versions {
            item[VERSIONS] = text(versions);
        }
        if !self.copies.is_empty() {
            let copies: Map<_, _> = self.copies.iter().map(|(key, entry)| (key.clone(), text(entry))).collect();
            item[COPIES] = json!({ "M": copies });
        }
        item
    }

    /// A tenant's item with copies of these entries, in this order, as many as one additional read unit allows.
    #[must_use]
    pub fn with_copies<'e>(mut self, key: &ItemKey, entries: impl Iterator<Item = (&'e ItemKey, &'e str)>) -> Self {
        let size = self.size(key);
        // In DynamoDB, a map adds 3 bytes, and each of its members adds 1.
        let mut free = (size.next_multiple_of(READ_UNIT) + READ_UNIT).saturating_sub(size + COPIES.len() + 3);
        for (key, entry) in entries {
            let key = key.to_string();
            if let Some(rest) = free.checked_sub(key.len() + entry.len() + 1) {
                self.copies.insert(key, entry.to_owned());
                free = rest;
            }
        }
        self
    }

    /// The size of the item with its key and without its copies, as DynamoDB counts it.
    fn size(&self, key: &ItemKey) -> usize {
        let versions = self.versions.as_ref().map_or(0, |versions| VERSIONS.len() + versions.len());
        KEY.len() + key.to_string().len() + ENTRY.len() + self.entry.len() + versions
    }
}

/// The items of a table.
pub type Items = BTreeMap<ItemKey, Item>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::from_json;

    /// A small tenant has a copy of each entry. A large tenant has as many copies as fit into one additional read unit.
    #[test]
    fn copies_of_entries_add_at_most_one_read_unit() {
        let guid = "191d5d7a-e4e4-4b20-8ecc-5e1b3de14852";
        let mut catalog = json!({
            "reports": {},
            "datasets": { "d": { "name": "D", "workspaceId": guid, "datasetId": guid } },
            "tenants": { "t": { "grants": [{ "datasets": ["d"] }] } },
        });
        let names: Vec<_> = (0..200).map(|number| format!("r{number}")).collect();
        for name in &names {
            catalog["reports"][name] = json!({ "name": "R", "workspaceId": guid, "reportId": guid });
        }
        for named in [1, 4, 10, 20, 40, 100, 200] {
            catalog["tenants"]["t"]["grants"][0]["reports"] = json!(names[..named]);
            let items = from_json(&catalog.to_string()).unwrap();
            let key: ItemKey = "TENANT#t".parse().unwrap();
            let (tenant, bytes) = (&items[&key], |texts: &BTreeMap<String, String>| -> usize {
                texts.iter().map(|(key, text)| key.len() + text.len() + 1).sum()
            });
            let size = tenant.size(&key);
            let whole = size + COPIES.len() + 3 + bytes(&tenant.copies);
            let limit = size.next_multiple_of(READ_UNIT) + READ_UNIT;
            assert!(whole <= limit, "{named}: {whole} bytes");
            assert_eq!(tenant.copies.len() > named, named <= 20, "{named}");
            assert!(named <= 20 || whole > limit - 250, "{named}: {whole} of {limit} bytes");
            assert!(tenant.copies.keys().any(|key| key.starts_with("DATASET#d#")), "{named}: {tenant:?}");
            for (key, copy) in &tenant.copies {
                assert_eq!(&items[&key.parse().unwrap()].entry, copy);
            }
        }
    }
}
