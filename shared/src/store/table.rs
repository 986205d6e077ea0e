//! The table with time limits and breakers, so that a slow or failing table costs a request little time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::Breaker;
use super::subject::Subject;
use crate::clock::Clock;
use crate::ports::{PutCondition, SharedItem, SharedSlot, SharedTable};
use crate::request::RequestContext;
use crate::upstream::UpstreamError;

/// How long a request waits for all of its writes together.
pub(super) const WRITES: Duration = Duration::from_millis(50);

/// The longest time that a request waits for a read.
const READ: Duration = Duration::from_millis(50);

/// The time limit of a write that continues in the background.
const LATE_WRITE: Duration = Duration::from_secs(1);

/// A table that may fail without any harm.
pub(super) struct GuardedTable {
    table: Arc<dyn SharedTable>,
    clock: Arc<dyn Clock>,
    reads: Breaker,
    writes: Breaker,
}

impl GuardedTable {
    pub(super) fn new(table: Arc<dyn SharedTable>, clock: Arc<dyn Clock>) -> Self {
        Self { table, clock, reads: Breaker::default(), writes: Breaker::default() }
    }

    /// What is under a subject's key; `None` while the table cannot be read.
    pub(super) async fn get(&self, context: &RequestContext, subject: &Subject) -> Option<SharedSlot> {
        if self.reads.is_open(self.clock.now()) {
            return None;
        }
        let slot = self.table.get(context, subject.key(), READ.min(context.remaining())).await;
        slot.map_err(|error| self.note(&self.reads, context, &error)).ok()
    }

    /// Writes an item and waits for it; `None` while the table cannot be written.
    pub(super) async fn put(
        &self,
        context: &RequestContext,
        subject: &Subject,
        item: SharedItem,
        condition: PutCondition,
    ) -> Option<bool> {
        if self.writes.is_open(self.clock.now()) {
            return None;
        }
        let (started, limit) = (Instant::now(), WRITES.saturating_sub(context.waited_for_writes()));
        let result = self.table.put(context, subject.key(), item, condition, limit).await;
        context.note_waited_for_write(started.elapsed());
        result.map_err(|error| self.note(&self.writes, context, &error)).ok()
    }

    /// Writes an item while the request continues.
    pub(super) fn put_later(
        self: &Arc<Self>,
        context: &Arc<RequestContext>,
        subject: &Subject,
        item: SharedItem,
        condition: PutCondition,
    ) {
        if self.writes.is_open(self.clock.now()) {
            return;
        }
        let (table, of_request, subject) = (Arc::clone(self), Arc::clone(context), subject.clone());
        context.add_write(tokio::spawn(async move {
            let started = Instant::now();
            let result = table.table.put(&of_request, subject.key(), item, condition, LATE_WRITE).await;
            match result {
                Err(error) => table.note(&table.writes, &of_request, &error),
                Ok(_) if started.elapsed() > WRITES => table.writes.open(table.clock.now()),
                Ok(_) => {}
            }
        }));
    }

    fn note(&self, breaker: &Breaker, context: &RequestContext, error: &UpstreamError) {
        breaker.open(self.clock.now());
        context.note_store_failure(error.into());
    }
}
