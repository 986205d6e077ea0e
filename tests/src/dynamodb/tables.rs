//! Tables in memory. A stack's functions use them like DynamoDB, and tests can read and change their items.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use fuzz::tables::Tables;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::TABLE;

/// The table with tokens and look-ups.
pub const TOKEN_TABLE: &str = "dynabind-tokens";

/// Tables in memory.
#[derive(Clone, Default)]
pub struct SharedTables(Arc<Mutex<Tables>>);

impl SharedTables {
    /// Puts a catalog into [`TABLE`].
    #[must_use]
    pub fn with_catalog(self, catalog: &Value) -> Self {
        for (key, item) in dynabind_cli::catalog::from_json(&catalog.to_string()).unwrap() {
            self.lock().insert(TABLE, item.wire_json(&key));
        }
        self
    }

    /// The tables themselves.
    ///
    /// # Panics
    /// When a test has panicked while it changed them.
    pub fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    /// The items of the token table.
    #[must_use]
    pub fn stored(&self) -> Vec<Value> {
        self.lock().items(TOKEN_TABLE).map(|(_, item)| item.clone()).collect()
    }

    /// The routes of a fake of DynamoDB with these tables.
    pub fn router(&self) -> Router {
        Router::new().route("/", post(answer)).with_state(self.clone())
    }
}

async fn answer(State(tables): State<SharedTables>, headers: HeaderMap, body: Bytes) -> Response {
    let request = serde_json::from_slice(&body).unwrap();
    let (status, body) = tables.lock().answer(headers["x-amz-target"].to_str().unwrap(), &request);
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}
