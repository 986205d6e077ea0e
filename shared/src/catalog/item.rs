//! The layout of a catalog in a DynamoDB table: one item for each tenant, report and
//! dataset. The key of an item contains its kind.
//!
//! An entry's version is part of its key, so the content of an item of a report or a
//! dataset never changes: a changed entry is another item. A tenant's item
//! names the versions that its grants were written for. So one write of that item
//! replaces the tenant's grants and all entries that they use.
//!
//! The item of a small tenant also has copies of the entries that it names, so that one read returns the tenant and its
//! entries. A copy has the key of the item from which it was copied, including the version.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use super::read::{parse_alone, read_dataset, read_report, read_tenant};
use crate::domain::{Dataset, DatasetKey, EntryVersion, EntryVersions, Report, ReportKey, Tenant, TenantKey};
use crate::json::JsonFault;

/// The table's partition key, a string; it has no sort key.
pub const KEY: &str = "pk";

/// The attribute with the entry's JSON text, in the form of the catalog file.
pub const ENTRY: &str = "entry";

/// The attribute of a tenant's item with the versions of the entries that its grants name, as a JSON text.
pub const VERSIONS: &str = "versions";

/// The attribute of a tenant's item with copies of entries, as a map from the keys of their items to their [`ENTRY`].
pub const COPIES: &str = "copies";

/// The key of an item.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ItemKey {
    /// `TENANT#` and the tenant's name.
    Tenant(TenantKey),
    /// `REPORT#`, the report's key, `#`, and the entry's version.
    Report(ReportKey, EntryVersion),
    /// `DATASET#`, the dataset's key, `#`, and the entry's version.
    Dataset(DatasetKey, EntryVersion),
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(name) => write!(f, "TENANT#{name}"),
            Self::Report(key, version) => write!(f, "REPORT#{key}#{version}"),
            Self::Dataset(key, version) => write!(f, "DATASET#{key}#{version}"),
        }
    }
}

/// A text that is not the key of a catalog item.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected TENANT#NAME, REPORT#KEY#VERSION or DATASET#KEY#VERSION")]
pub struct ItemKeyError;

impl FromStr for ItemKey {
    type Err = ItemKeyError;

    fn from_str(text: &str) -> Result<Self, ItemKeyError> {
        let (kind, rest) = text.split_once('#').ok_or(ItemKeyError)?;
        let parsed = match kind {
            "TENANT" => rest.parse().ok().map(Self::Tenant),
            "REPORT" => versioned(rest).map(|(key, version)| Self::Report(key, version)),
            "DATASET" => versioned(rest).map(|(key, version)| Self::Dataset(key, version)),
            _ => None,
        };
        parsed.ok_or(ItemKeyError)
    }
}

fn versioned<K: FromStr>(text: &str) -> Option<(K, EntryVersion)> {
    let (key, version) = text.split_once('#')?;
    Some((key.parse().ok()?, version.parse().ok()?))
}

/// Reads a report's [`ENTRY`].
///
/// # Errors
/// Every fault with its place.
pub fn parse_report(entry: &str) -> Result<Report, Vec<JsonFault>> {
    parse_alone(entry, read_report)
}

/// Reads a dataset's [`ENTRY`].
///
/// # Errors
/// Every fault with its place.
pub fn parse_dataset(entry: &str) -> Result<Dataset, Vec<JsonFault>> {
    parse_alone(entry, read_dataset)
}

/// Reads a tenant's [`ENTRY`]. The keys in it are not checked: a key without an entry grants nothing.
///
/// # Errors
/// Every fault with its place.
pub fn parse_tenant(entry: &str) -> Result<Tenant, Vec<JsonFault>> {
    parse_alone(entry, |reader, json| read_tenant(reader, json, None))
}

/// Reads a tenant's [`VERSIONS`].
///
/// # Errors
/// Every fault with its place.
pub fn parse_versions(versions: &str) -> Result<EntryVersions, Vec<JsonFault>> {
    parse_alone(versions, |reader, json| {
        reader.object(json, |fields| {
            let reports = fields.required("reports", |r, json| r.map(json, |r, _, json| r.parsed(json)));
            let datasets = fields.required("datasets", |r, json| r.map(json, |r, _, json| r.parsed(json)));
            Some(EntryVersions { reports: reports?, datasets: datasets?, copies: HashMap::new() })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_they_are_read() {
        for text in ["TENANT#contoso", "TENANT#a#b", "REPORT#sales#3f2a", "DATASET#contoso-sales#3f2a"] {
            assert_eq!(text.parse::<ItemKey>().unwrap().to_string(), text);
        }
        for text in
            ["", "TENANT", "TENANT#", "REPORT#sales", "REPORT#sales#", "REPORT#a b#1", "USER#x", "DATASET#a#b#c"]
        {
            assert_eq!(text.parse::<ItemKey>(), Err(ItemKeyError), "{text}");
        }
    }

    #[test]
    fn versions_are_read_strictly() {
        let versions = parse_versions(r#"{"datasets":{"d":"1"},"reports":{"r":"2"}}"#).unwrap();
        assert_eq!(versions.reports.len() + versions.datasets.len(), 2);
        for text in ["{}", "[]", r#"{"datasets":{"d":1},"reports":{}}"#, r#"{"datasets":{},"reports":{},"x":1}"#] {
            assert!(parse_versions(text).is_err(), "{text}");
        }
    }
}
