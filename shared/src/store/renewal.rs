//! Who makes a token that many environments need: the one that has claimed it.
//!
//! A claim is a conditional write, so one environment wins. The others hand out the old token while it lives. Those
//! that have no old token wait for the winner for a short time, and then make a token themselves.

use std::time::{Duration, SystemTime};

use secrecy::zeroize::Zeroizing;
use tokio::time::Instant;

use super::item::{self, millis};
use super::subject::Subject;
use super::table::GuardedTable;
use crate::clock::Clock;
use crate::domain::EmbedToken;
use crate::ports::{PutCondition, SharedItem, SharedSlot};
use crate::request::RequestContext;

/// How long a claim keeps others from making the same token: even a cold request with a slow upstream has ended by
/// then.
const CLAIM: Duration = Duration::from_secs(10);

/// The longest time that an environment without a token waits for the environment that makes one.
const PATIENCE: Duration = Duration::from_secs(3);

/// The mean pause between two looks for the new token.
const POLL: Duration = Duration::from_millis(40);

/// A token with less life than this is not handed out, even in an outage.
pub(crate) const LAST_USE: Duration = Duration::from_mins(1);

/// What to do about a token.
#[derive(Debug)]
pub enum Turn {
    /// Hand out this token. It may be an old one while another environment is making a new one.
    Take(EmbedToken),
    /// Make a token.
    Make {
        /// The right to be the only environment that makes it; `None` if it could not be claimed.
        claim: Option<Claim>,
        /// The token that can be handed out if this fails.
        old: Option<EmbedToken>,
    },
}

/// The right to make a token while others wait.
#[derive(Debug)]
pub struct Claim {
    version: String,
    value: Option<Zeroizing<String>>,
    value_expires_at: u64,
}

impl Claim {
    /// The item as it was before the claim, and the condition that nobody else has written it.
    pub(super) fn released(self, subject: &Subject, now: SystemTime) -> (SharedItem, PutCondition) {
        let item = item::item(subject, self.value, now);
        let expires_at = item.expires_at.max(self.value_expires_at);
        (SharedItem { expires_at, ..item }, PutCondition::IfVersion(self.version))
    }
}

/// The result of one look at the store.
struct Seen {
    token: Option<EmbedToken>,
    item: Option<SharedItem>,
}

/// One environment's turn at one token.
struct Taking<'t> {
    table: &'t GuardedTable,
    clock: &'t dyn Clock,
    context: &'t RequestContext,
    subject: &'t Subject,
}

pub(super) async fn take_turn(
    table: &GuardedTable,
    clock: &dyn Clock,
    context: &RequestContext,
    subject: &Subject,
    in_memory: Option<EmbedToken>,
    margin: &(dyn Fn(Duration) -> Duration + Send + Sync),
) -> Turn {
    let taking = Taking { table, clock, context, subject };
    let until = Instant::now() + PATIENCE.min(context.remaining() / 4);
    let in_memory = in_memory.filter(|token| is_usable(token, clock.now()));
    loop {
        let Some(Seen { token, item }) = taking.look().await else { return Turn::Make { claim: None, old: in_memory } };
        let now = clock.now();
        if let Some(token) = token.as_ref().filter(|token| token.expiry.remaining(now) > margin(token.expiry.life)) {
            return Turn::Take(token.clone());
        }
        let old = longest(token.filter(|token| is_usable(token, now)), in_memory.clone());
        if !item.as_ref().is_some_and(|item| is_claimed(item, now)) {
            match taking.claim(item).await {
                Some(Ok(claim)) => return Turn::Make { claim: Some(claim), old },
                None => return Turn::Make { claim: None, old },
                Some(Err(Lost)) => {}
            }
        }
        match old {
            Some(old) => return Turn::Take(old),
            None if Instant::now() >= until => return Turn::Make { claim: None, old: None },
            None => tokio::time::sleep(POLL.mul_f64(0.5 + fastrand::f64())).await,
        }
    }
}

/// Another environment has claimed it first.
struct Lost;

impl Taking<'_> {
    /// What is in the store; `None` if the store cannot be used for this token.
    async fn look(&self) -> Option<Seen> {
        let item = match self.table.get(self.context, self.subject).await? {
            SharedSlot::Empty => return Some(Seen { token: None, item: None }),
            SharedSlot::Unreadable => return None,
            SharedSlot::Item(item) => item,
        };
        let now = self.clock.now();
        let token = item::token(&item, self.subject, now);
        let is_garbage = !item::belongs(&item, self.subject) || (item.value.is_some() && token.is_none());
        let claimed_too_long = item.claimed_until.is_some_and(|until| until > millis(now + CLAIM + CLAIM));
        (!is_garbage && !claimed_too_long).then_some(Seen { token, item: Some(item) })
    }

    /// Claims the token; `None` if the store cannot be written.
    async fn claim(&self, seen: Option<SharedItem>) -> Option<Result<Claim, Lost>> {
        let end = self.clock.now() + CLAIM;
        let condition =
            seen.as_ref().map_or(PutCondition::IfEmpty, |item| PutCondition::IfVersion(item.version.clone()));
        let value_expires_at = seen.as_ref().map_or(0, |item| item.expires_at);
        let value = seen.and_then(|item| item.value);
        let mut item = item::item(self.subject, value.clone(), end);
        item.claimed_until = Some(millis(end));
        item.expires_at = item.expires_at.max(value_expires_at);
        let version = item.version.clone();
        let won = self.table.put(self.context, self.subject, item, condition).await?;
        Some(if won { Ok(Claim { version, value, value_expires_at }) } else { Err(Lost) })
    }
}

fn is_claimed(item: &SharedItem, now: SystemTime) -> bool {
    item.claimed_until.is_some_and(|until| until > millis(now))
}

fn is_usable(token: &EmbedToken, now: SystemTime) -> bool {
    token.expiry.remaining(now) > LAST_USE
}

fn longest(one: Option<EmbedToken>, other: Option<EmbedToken>) -> Option<EmbedToken> {
    [one, other].into_iter().flatten().max_by_key(|token| token.expiry.at)
}
