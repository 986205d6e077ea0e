//! The writes that change a table from one content to another. Their order
//! ensures that no tenant ever has a mixture of the two contents.

use dynabind::catalog::item::ItemKey;

use crate::catalog::item::{Item, Items};

/// One item to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Write {
    /// Put this item.
    Put(ItemKey, Item),
    /// Delete the item of this key.
    Delete(ItemKey),
}

impl Write {
    /// The item's key.
    #[must_use]
    pub fn key(&self) -> &ItemKey {
        match self {
            Self::Put(key, _) | Self::Delete(key) => key,
        }
    }
}

/// A group of writes that may happen in any order, after all writes of the previous stage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// New versions of reports and datasets, which no tenant names yet.
    PutEntries,
    /// Tenants: each write moves one tenant from the old content to the new one.
    PutTenants,
    /// Tenants that the new content does not have.
    DeleteTenants,
    /// Versions of reports and datasets that no tenant names any more.
    DeleteEntries,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::PutEntries, Self::PutTenants, Self::DeleteTenants, Self::DeleteEntries];

    /// The name of the stage in the progress bar.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::PutEntries => "reports and datasets",
            Self::PutTenants => "tenants",
            Self::DeleteTenants => "removed tenants",
            Self::DeleteEntries => "removed reports and datasets",
        }
    }

    fn of(write: &Write) -> Self {
        match write {
            Write::Put(ItemKey::Tenant(_), _) => Self::PutTenants,
            Write::Put(..) => Self::PutEntries,
            Write::Delete(ItemKey::Tenant(_)) => Self::DeleteTenants,
            Write::Delete(_) => Self::DeleteEntries,
        }
    }
}

/// All writes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan(Vec<Write>);

impl Plan {
    /// The writes that change `old` to `new`.
    #[must_use]
    pub fn new(old: &Items, new: &Items) -> Self {
        let changed = new.iter().filter(|(key, item)| old.get(key) != Some(item));
        let puts = changed.map(|(key, item)| Write::Put(key.clone(), item.clone()));
        let removed = old.keys().filter(|key| !new.contains_key(key));
        Self(puts.chain(removed.map(|key| Write::Delete(key.clone()))).collect())
    }

    /// The writes of one stage.
    #[must_use]
    pub fn of(&self, stage: Stage) -> Vec<&Write> {
        self.0.iter().filter(|write| Stage::of(write) == stage).collect()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of writes of each stage, as a sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |stage| self.of(stage).len();
        format!(
            "{} reports and datasets and {} tenants to write, {} tenants and {} reports and datasets to delete",
            count(Stage::PutEntries),
            count(Stage::PutTenants),
            count(Stage::DeleteTenants),
            count(Stage::DeleteEntries),
        )
    }
}
