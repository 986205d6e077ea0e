//! The table that the environments of a deployment share.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::zeroize::Zeroizing;

use crate::request::RequestContext;
use crate::upstream::UpstreamError;

/// A table of items by key, in which the environments of a deployment share what they have fetched.
///
/// No call is repeated or takes longer than its limit, because every caller can continue without an answer.
#[async_trait]
pub trait SharedTable: Send + Sync {
    /// Reads what is under a key.
    ///
    /// # Errors
    /// Why the table cannot be read.
    async fn get(&self, context: &RequestContext, key: &str, limit: Duration) -> Result<SharedSlot, UpstreamError>;

    /// Writes an item under a key, and replaces what is there; `false` if the condition does not hold.
    ///
    /// # Errors
    /// Why the table cannot be written. The item may be written nevertheless.
    async fn put(
        &self,
        context: &RequestContext,
        key: &str,
        item: SharedItem,
        condition: PutCondition,
        limit: Duration,
    ) -> Result<bool, UpstreamError>;
}

/// What is under a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SharedSlot {
    /// Nothing.
    Empty,
    /// An item.
    Item(SharedItem),
    /// Something that is not an item of this program.
    Unreadable,
}

/// An item of the table.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct SharedItem {
    /// What it is for, so that a reader can check that it belongs to its key.
    pub subject: String,
    /// The JSON text of the value; a claim without an old value has none.
    pub value: Option<Zeroizing<String>>,
    /// Changes with every write.
    pub version: String,
    /// When an environment's claim to make a new value ends, in milliseconds since 1970.
    pub claimed_until: Option<u64>,
    /// When the table may delete it, in seconds since 1970.
    pub expires_at: u64,
}

impl fmt::Debug for SharedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The value opens data, and the subject names users.
        f.debug_struct("SharedItem").field("version", &self.version).finish_non_exhaustive()
    }
}

/// When an item is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PutCondition {
    /// In any case.
    Always,
    /// Only if the key has no item.
    IfEmpty,
    /// Only if the item is still in this version.
    IfVersion(String),
}
