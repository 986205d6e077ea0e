//! Relationships between tables.

use std::fmt;

use crate::names::fold;

/// A relationship. Its `from` side is usually the many side.
#[derive(Clone, Debug)]
pub(crate) struct Relationship {
    pub(crate) from: (String, String),
    pub(crate) to: (String, String),
    pub(crate) active: bool,
    pub(crate) direction: Direction,
}

/// The direction in which a relationship filters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direction {
    ToFrom,
    FromTo,
    Both,
}

impl Direction {
    /// A filter goes from the one side to the many side. If both are many sides, it goes from `to` to `from`.
    pub(super) fn of(both_directions: bool, from_one: bool, to_many: bool) -> Self {
        match (both_directions, from_one, to_many) {
            (true, ..) | (false, true, false) => Self::Both,
            (false, true, true) => Self::FromTo,
            (false, false, _) => Self::ToFrom,
        }
    }
}

impl Relationship {
    /// The tables that a filter on `table` reaches over this relationship.
    pub(super) fn targets_from(&self, table: &str) -> Vec<String> {
        let (from, to) = (fold(&self.from.0), fold(&self.to.0));
        let mut targets = Vec::new();
        if to == table && self.direction != Direction::FromTo {
            targets.push(from.clone());
        }
        if from == table && self.direction != Direction::ToFrom {
            targets.push(to);
        }
        targets
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}[{}]` – `{}[{}]`", self.from.0, self.from.1, self.to.0, self.to.1)
    }
}
