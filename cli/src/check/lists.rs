//! Lists of Power BI that the functions do not read. A run reads each list once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dynabind::domain::ProfileId;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::connection::{Rest, RestError};

/// The workspaces of the caller.
pub(super) const GROUPS: &str = "v1.0/myorg/groups?%24top=5000";
/// The capacities of the caller.
pub(super) const CAPACITIES: &str = "v1.0/myorg/capacities";
/// The profiles of the service principal.
pub(super) const PROFILES: &str = "v1.0/myorg/profiles";

type Key = (&'static str, Option<ProfileId>);
type Cell = Arc<OnceCell<List>>;
type List = Result<Arc<Vec<Value>>, RestError>;

/// Lists by path and by the profile that reads them.
pub(super) struct Lists {
    rest: Rest,
    cells: Mutex<HashMap<Key, Cell>>,
}

impl Lists {
    pub(super) fn new(rest: Rest) -> Self {
        Self { rest, cells: Mutex::default() }
    }

    /// The `value` of a list.
    pub(super) async fn get(&self, path: &'static str, profile: Option<ProfileId>) -> List {
        let cell = self.cell((path, profile));
        let read = async || {
            let answer = self.rest.get(path, profile).await?;
            Ok(Arc::new(answer.body["value"].as_array().cloned().unwrap_or_default()))
        };
        cell.get_or_init(read).await.clone()
    }

    fn cell(&self, key: Key) -> Cell {
        Arc::clone(self.cells.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }
}
