//! A minimal fake of DynamoDB: two tables in memory, read by key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use dynabind::catalog::item::ItemKey;
use dynabind_cli::catalog::Item;
use serde_json::{Value, json};

use crate::Error;

/// The table with the catalog.
pub const CATALOG_TABLE: &str = "catalog";

/// The table that environments share.
pub const TOKEN_TABLE: &str = "tokens";

/// Items by table and key.
#[derive(Debug, Default)]
pub struct Tables(Mutex<HashMap<(String, String), Value>>);

impl Tables {
    /// Tables of which one holds this catalog.
    ///
    /// # Errors
    /// When the catalog has faults.
    pub fn with_catalog(text: &str) -> Result<Self, Error> {
        let items = dynabind_cli::catalog::from_json(text).map_err(|faults| format!("{faults:?}"))?;
        let item = |(key, item): (&ItemKey, &Item)| ((CATALOG_TABLE.to_owned(), key.to_string()), item.wire_json(key));
        Ok(Self(Mutex::new(items.iter().map(item).collect())))
    }

    /// The name of an operation and its answer.
    pub(super) fn answer(&self, target: &str, body: &[u8]) -> (&'static str, Bytes) {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let table = request["TableName"].as_str().unwrap_or_default();
        let id = |table: &str, key: &Value| (table.to_owned(), key["pk"]["S"].as_str().unwrap_or_default().to_owned());
        let (name, answer) = match target.rsplit('.').next().unwrap_or_default() {
            "GetItem" => {
                let found = items.get(&id(table, &request["Key"]));
                ("GetItem", found.map_or(json!({}), |item| json!({ "Item": item })))
            }
            "PutItem" => {
                items.insert(id(table, &request["Item"]), request["Item"].clone());
                ("PutItem", json!({}))
            }
            _ => {
                let keys = request["RequestItems"][CATALOG_TABLE]["Keys"].as_array().into_iter().flatten();
                let found: Vec<_> = keys.filter_map(|key| items.get(&id(CATALOG_TABLE, key))).collect();
                ("BatchGetItem", json!({ "Responses": { CATALOG_TABLE: found }, "UnprocessedKeys": {} }))
            }
        };
        (name, Bytes::from(answer.to_string()))
    }
}
