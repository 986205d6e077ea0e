//! What the environments of a deployment share: embed tokens and look-ups, in one table.
//!
//! The store saves work, but no request needs it. A table that is slow or fails is not used for a while, and unreadable
//! items are ignored. Each request then continues without the store. Each value that is read is compared with its
//! [`Subject`], and the rules for values in memory apply to it.

mod breaker;
mod item;
mod renewal;
mod subject;
mod table;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

pub use item::StoredLookUp;
pub(crate) use renewal::LAST_USE;
pub use renewal::{Claim, Turn};
pub use subject::{LookUpKind, Realm, Subject};

use crate::clock::Clock;
use crate::domain::{EmbedToken, TokenRequest};
use crate::ports::{ActorKey, Item, PutCondition, SharedSlot, SharedTable};
use crate::request::RequestContext;
use table::{GuardedTable, WRITES};

/// The shared store of a deployment.
pub struct SharedStore {
    table: Arc<GuardedTable>,
    realm: Realm,
    clock: Arc<dyn Clock>,
}

impl SharedStore {
    /// A store in `table`, for what is made in `realm`.
    #[must_use]
    pub fn new(table: Arc<dyn SharedTable>, realm: Realm, clock: Arc<dyn Clock>) -> Self {
        Self { table: Arc::new(GuardedTable::new(table, Arc::clone(&clock))), realm, clock }
    }

    /// Decides for a token that is not in memory, or is too old there, whether to take a stored one
    /// or to make another.
    ///
    /// `in_memory` is the old token in memory. `margin` is the rule for tokens in memory: it returns how much life a
    /// token needs, given its life when it was made.
    pub async fn token(
        &self,
        context: &Arc<RequestContext>,
        request: &TokenRequest,
        in_memory: Option<EmbedToken>,
        margin: impl Fn(Duration) -> Duration + Send + Sync,
    ) -> Turn {
        let subject = Subject::of_token(&self.realm, request);
        renewal::take_turn(&self.table, self.clock.as_ref(), context, &subject, in_memory, &margin).await
    }

    /// Shares a token that was made after [`Turn::Make`], and ends the claim. Anything that was written meanwhile is
    /// overwritten, because the token is as good as any other.
    pub fn keep_token(&self, context: &Arc<RequestContext>, request: &TokenRequest, token: &EmbedToken) {
        let subject = Subject::of_token(&self.realm, request);
        let item = item::of_token(&subject, token);
        self.table.put_later(context, &subject, item, PutCondition::Always);
    }

    /// Ends the claim if no token could be made after [`Turn::Make`], so that other environments can try at once.
    pub fn give_up(&self, context: &Arc<RequestContext>, request: &TokenRequest, claim: Option<Claim>) {
        let Some(claim) = claim else { return };
        let subject = Subject::of_token(&self.realm, request);
        let (item, condition) = claim.released(&subject, self.clock.now());
        self.table.put_later(context, &subject, item, condition);
    }

    /// What another environment has looked up. It is always `None` for a look-up that is made as a user.
    pub async fn look_up<Id: Serialize, T: DeserializeOwned>(
        &self,
        context: &RequestContext,
        kind: LookUpKind,
        actor: ActorKey,
        item: Item<Id>,
    ) -> Option<StoredLookUp<T>> {
        let subject = Subject::of_look_up(&self.realm, kind, actor, item)?;
        let SharedSlot::Item(stored) = self.table.get(context, &subject).await? else { return None };
        item::look_up(&stored, &subject, self.clock.now())
    }

    /// Shares a value that was looked up at `read_at` and is fresh for `ttl`.
    pub fn keep_look_up<Id: Serialize, T: Serialize>(
        &self,
        context: &Arc<RequestContext>,
        kind: LookUpKind,
        actor: ActorKey,
        item: Item<Id>,
        (value, read_at, ttl): (&T, SystemTime, Duration),
    ) {
        let Some(subject) = Subject::of_look_up(&self.realm, kind, actor, item) else { return };
        if let Some(item) = item::of_look_up(&subject, value, read_at, ttl) {
            self.table.put_later(context, &subject, item, PutCondition::Always);
        }
    }

    /// Waits for the writes of a request, but only for as long as they may delay the answer.
    pub async fn settle(&self, context: &RequestContext) {
        let (writes, waited) = context.take_writes();
        if writes.is_empty() {
            return;
        }
        let until = Instant::now() + WRITES.saturating_sub(waited);
        // Writes that have not ended by then continue in the background, until Lambda freezes the environment.
        let _ = tokio::time::timeout_at(until, futures_util::future::join_all(writes)).await;
    }
}

#[cfg(test)]
mod tests;
