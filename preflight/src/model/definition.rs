//! The schema of a model, and look-ups of its parts.

use std::collections::HashMap;

use super::relationship::Relationship;
use super::table::{Column, Table};
use crate::names::fold;

/// The schema of a semantic model: names, types and relationships. It has no data.
#[derive(Clone, Debug, Default)]
pub struct ModelDefinition {
    pub(crate) tables: Vec<Table>,
    index: HashMap<String, usize>,
    /// The table of each measure. The name of a measure is unique in a model.
    homes: HashMap<String, usize>,
    pub(crate) relationships: Vec<Relationship>,
    pub(super) roles: Option<Vec<String>>,
    /// Whether the source of this definition contains hierarchies.
    pub(crate) knows_hierarchies: bool,
}

impl ModelDefinition {
    /// The names of the roles; `None` if the source of this definition does not contain roles.
    #[must_use]
    pub fn role_names(&self) -> Option<&[String]> {
        self.roles.as_deref()
    }

    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.index.get(&fold(name)).and_then(|at| self.tables.get(*at))
    }

    pub(crate) fn column(&self, table: &str, name: &str) -> Option<&Column> {
        self.table(table)?.column(name)
    }

    /// The table that has a measure of this name.
    pub(crate) fn home_of_measure(&self, name: &str) -> Option<&Table> {
        self.homes.get(&fold(name)).and_then(|at| self.tables.get(*at))
    }

    pub(super) fn new(tables: Vec<Table>, relationships: Vec<Relationship>) -> Self {
        let index = tables.iter().enumerate().map(|(at, table)| (fold(&table.name), at)).collect();
        let measures = tables.iter().enumerate().flat_map(|(at, table)| table.measures.iter().map(move |m| (at, m)));
        let homes = measures.map(|(at, measure)| (fold(&measure.name), at)).collect();
        Self { tables, index, homes, relationships, ..Self::default() }
    }
}
