//! The relationships through which a filter reaches other tables.

use std::collections::HashSet;

use super::definition::ModelDefinition;
use super::relationship::Relationship;
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
