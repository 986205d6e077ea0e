//! Along which relationships a filter travels.

use std::collections::HashSet;
use std::fmt;

use super::{Direction, ModelDefinition, Relationship};
use crate::names::fold;

impl ModelDefinition {
    /// Whether a filter on the first table reaches the second one through active relationships.
    pub(crate) fn filters(&self, from: &str, to: &str) -> bool {
        let (from, to) = (fold(from), fold(to));
        let mut reached = HashSet::from([from.clone()]);
        let mut open = vec![from];
        while let Some(table) = open.pop() {
            if table == to {
                return true;
            }
            for relationship in self.relationships.iter().filter(|relationship| relationship.active) {
                for next in relationship.targets_from(&table) {
                    if reached.insert(next.clone()) {
                        open.push(next);
                    }
                }
            }
        }
        false
    }

    /// An inactive relationship between two tables.
    pub(crate) fn inactive_between(&self, a: &str, b: &str) -> Option<&Relationship> {
        let (a, b) = (fold(a), fold(b));
        self.relationships.iter().find(|relationship| {
            let (from, to) = (fold(&relationship.from.0), fold(&relationship.to.0));
            !relationship.active && ((from == a && to == b) || (from == b && to == a))
        })
    }
}

impl Direction {
    /// A filter goes from the one side to the many side, and from `to` to `from` where both are alike.
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
    fn targets_from(&self, table: &str) -> Vec<String> {
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
