//! A fake of DynamoDB with a constant table: it only answers reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use dynabind::catalog::item;
use http::HeaderMap;
use serde_json::{Value, json};

use super::TABLE;

type Items = Arc<BTreeMap<String, Value>>;

/// A fake of DynamoDB with this catalog in [`TABLE`].
pub fn table(catalog: &Value) -> Router {
    let items = dynabind_cli::catalog::from_json(&catalog.to_string()).unwrap();
    let items: BTreeMap<_, _> = items.iter().map(|(key, item)| (key.to_string(), item.wire_json(key))).collect();
    Router::new().route("/", post(read)).with_state(Arc::new(items))
}

async fn read(State(items): State<Items>, headers: HeaderMap, body: Bytes) -> Json<Value> {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let find = |key: &Value| items.get(key[item::KEY]["S"].as_str().unwrap());
    Json(match headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap() {
        "GetItem" => find(&request["Key"]).map_or(json!({}), |item| json!({ "Item": item })),
        "BatchGetItem" => {
            let keys = request["RequestItems"][TABLE]["Keys"].as_array().unwrap();
            let found: Vec<_> = keys.iter().filter_map(find).collect();
            json!({ "Responses": { TABLE: found }, "UnprocessedKeys": {} })
        }
        other => panic!("{other} is not a read"),
    })
}
