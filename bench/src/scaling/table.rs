//! A fake of DynamoDB that counts read and write units.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dynabind::ports::{PutCondition, SharedItem, SharedSlot, SharedTable};
use dynabind::request::RequestContext;
use dynabind::upstream::UpstreamError;

use super::StoreUse;

/// The bytes that a real embed token adds to an item; the simulated tokens are shorter.
const TOKEN: usize = 3_000;

/// The bytes of attribute names, key, version and times.
const OVERHEAD: usize = 150;

/// A table in memory that counts its units.
#[derive(Default)]
pub(super) struct CountedTable(Mutex<State>);

#[derive(Default)]
struct State {
    items: HashMap<String, SharedItem>,
    used: StoreUse,
}

impl CountedTable {
    pub(super) fn used(&self) -> StoreUse {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).used
    }
}

fn size(item: &SharedItem) -> usize {
    OVERHEAD + item.subject.len() + if item.value.is_some() { TOKEN } else { 0 }
}

#[async_trait]
impl SharedTable for CountedTable {
    async fn get(&self, _: &RequestContext, key: &str, _: Duration) -> Result<SharedSlot, UpstreamError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = state.items.get(key).cloned();
        state.used.reads += 1;
        // A read unit is 4 KB. An eventually consistent read takes half a unit.
        state.used.half_read_units += found.as_ref().map_or(1, |item| size(item).div_ceil(4096));
        Ok(found.map_or(SharedSlot::Empty, SharedSlot::Item))
    }

    async fn put(
        &self,
        _: &RequestContext,
        key: &str,
        item: SharedItem,
        condition: PutCondition,
        _: Duration,
    ) -> Result<bool, UpstreamError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.used.writes += 1;
        state.used.write_units += size(&item).div_ceil(1024);
        let holds = match (condition, state.items.get(key)) {
            (PutCondition::Always, _) | (PutCondition::IfEmpty, None) => true,
            (PutCondition::IfVersion(version), Some(found)) => found.version == version,
            (PutCondition::IfEmpty, Some(_)) | (PutCondition::IfVersion(_), None) => false,
        };
        if holds {
            state.items.insert(key.to_owned(), item);
        }
        Ok(holds)
    }
}
