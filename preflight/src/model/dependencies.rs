//! The tables that a measure reads.

use std::collections::{BTreeSet, HashSet};

use super::definition::ModelDefinition;
use crate::dax::DaxNames;
use crate::names::fold;

/// The tables that a measure or an expression reads.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    /// The folded names of the tables.
    pub(crate) tables: BTreeSet<String>,
    /// Whether one of the expressions replaces the relationships of the model.
    pub(crate) sets_relationships: bool,
    /// Whether the expression of a measure is not known.
    pub(crate) has_unknown: bool,
    seen: HashSet<String>,
}

impl Dependencies {
    /// Adds other dependencies.
    pub(crate) fn add(&mut self, other: Self) {
        self.tables.extend(other.tables);
        self.sets_relationships |= other.sets_relationships;
        self.has_unknown |= other.has_unknown;
    }
}

impl ModelDefinition {
    /// The tables that a measure reads, directly or through other measures.
    pub(crate) fn dependencies_of_measure(&self, name: &str) -> Dependencies {
        let mut found = Dependencies::default();
        self.follow_measure(name, &mut found);
        found
    }

    /// The tables that an expression reads, directly or through measures.
    pub(crate) fn dependencies_of_expression(&self, expression: &str, home: &str) -> Dependencies {
        let mut found = Dependencies::default();
        self.follow(expression, home, &mut found);
        found
    }

    fn follow_measure(&self, first: &str, found: &mut Dependencies) {
        let mut open = vec![first.to_owned()];
        while let Some(name) = open.pop() {
            if !found.seen.insert(fold(&name)) {
                continue;
            }
            if let Some(home) = self.home_of_measure(&name)
                && let Some(measure) = home.measure(&name)
            {
                open.extend(self.step(&measure.expression, &home.name, found));
            }
        }
    }

    fn follow(&self, expression: &str, home: &str, found: &mut Dependencies) {
        for measure in self.step(expression, home, found) {
            self.follow_measure(&measure, found);
        }
    }

    /// Notes the tables of one expression and returns the measures that it uses.
    fn step(&self, expression: &str, home: &str, found: &mut Dependencies) -> Vec<String> {
        let names = DaxNames::of(expression);
        found.has_unknown |= expression.trim().is_empty();
        found.sets_relationships |= names.sets_relationships();
        let mut measures = Vec::new();
        for (table, name) in names.qualified {
            match self.table(&table) {
                Some(known) if known.measure(&name).is_some() => measures.push(name),
                Some(_) => found.tables.extend([fold(&table)]),
                None => {}
            }
        }
        for name in names.unqualified {
            if self.home_of_measure(&name).is_some() {
                measures.push(name);
            } else if self.column(home, &name).is_some() {
                found.tables.insert(fold(home));
            }
        }
        let tables = names.identifiers.iter().filter(|name| self.table(name).is_some());
        found.tables.extend(tables.map(|name| fold(name)));
        measures
    }
}
