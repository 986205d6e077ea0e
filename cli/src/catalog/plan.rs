//! What has to be written to make one content of a table into another, in an
//! order in which no tenant ever has a mixture of the two.

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

/// Writes that may happen in any order, after all those of the stage before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// New versions of reports and datasets, which nobody names yet.
    PutEntries,
    /// Tenants: with each write one of them moves from old to new.
    PutTenants,
    /// Tenants that are no more.
    DeleteTenants,
    /// Versions of reports and datasets that nobody names any more.
    DeleteEntries,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::PutEntries, Self::PutTenants, Self::DeleteTenants, Self::DeleteEntries];

    /// What it is called while it runs.
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

/// All that has to be written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan(Vec<Write>);

impl Plan {
    /// What makes `old` into `new`.
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

    /// How many of each stage, as a sentence.
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
