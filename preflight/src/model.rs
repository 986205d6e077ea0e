//! What a semantic model has.

mod dependencies;
mod info_view;
mod paths;
mod tmsl;

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

pub(crate) use self::dependencies::Dependencies;

use crate::error::DefinitionError;
use crate::names::fold;

/// The schema of a semantic model: names, types and relationships, no data.
#[derive(Clone, Debug, Default)]
pub struct ModelDefinition {
    pub(crate) tables: Vec<Table>,
    index: HashMap<String, usize>,
    /// The table of each measure, whose name is unique in a model.
    homes: HashMap<String, usize>,
    pub(crate) relationships: Vec<Relationship>,
    roles: Option<Vec<String>>,
    /// Whether the source of this definition tells hierarchies.
    pub(crate) knows_hierarchies: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) hierarchies: Vec<Hierarchy>,
    /// A table that exists only for the date hierarchy of a column of another table.
    pub(crate) for_variations: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: DataType,
    pub(crate) variations: Vec<Variation>,
}

/// The hierarchy that a column borrows from a date table.
#[derive(Clone, Debug)]
pub(crate) struct Variation {
    pub(crate) name: String,
    pub(crate) table: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Measure {
    pub(crate) name: String,
    pub(crate) expression: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Hierarchy {
    pub(crate) name: String,
    pub(crate) levels: Vec<String>,
}

/// A relationship, whose `from` side is usually the many side.
#[derive(Clone, Debug)]
pub(crate) struct Relationship {
    pub(crate) from: (String, String),
    pub(crate) to: (String, String),
    pub(crate) active: bool,
    pub(crate) direction: Direction,
}

/// In which direction a relationship filters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Direction {
    ToFrom,
    FromTo,
    Both,
}

/// The type of a column, as far as it matters to a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DataType {
    Text,
    Number,
    DateTime,
    Boolean,
    Binary,
    Unknown,
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number => "numbers",
            Self::DateTime => "dates",
            Self::Boolean => "true/false values",
            Self::Binary => "binary data",
            Self::Unknown => "values of an unknown type",
        })
    }
}

impl ModelDefinition {
    /// Reads `model.bim`, or a TMSL script that creates the database.
    ///
    /// # Errors
    ///
    /// Fails on text that is not JSON or holds no model.
    pub fn from_tmsl(text: &str) -> Result<Self, DefinitionError> {
        tmsl::read(text)
    }

    /// Reads the rows of `INFO.VIEW.TABLES`, `.COLUMNS`, `.MEASURES` and `.RELATIONSHIPS`.
    ///
    /// They tell neither hierarchies nor roles, so these are not checked.
    ///
    /// # Errors
    ///
    /// Fails on a row without the names that it is about.
    pub fn from_info_view(
        tables: &[Value],
        columns: &[Value],
        measures: &[Value],
        relationships: &[Value],
    ) -> Result<Self, DefinitionError> {
        info_view::read(tables, columns, measures, relationships)
    }

    /// The names of the roles; `None` where the source of this definition does not tell them.
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

    /// The table that holds a measure of this name, wherever it is.
    pub(crate) fn home_of_measure(&self, name: &str) -> Option<&Table> {
        self.homes.get(&fold(name)).and_then(|at| self.tables.get(*at))
    }

    fn new(tables: Vec<Table>, relationships: Vec<Relationship>) -> Self {
        let index = tables.iter().enumerate().map(|(at, table)| (fold(&table.name), at)).collect();
        let measures = tables.iter().enumerate().flat_map(|(at, table)| table.measures.iter().map(move |m| (at, m)));
        let homes = measures.map(|(at, measure)| (fold(&measure.name), at)).collect();
        Self { tables, index, homes, relationships, ..Self::default() }
    }
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        let name = fold(name);
        self.columns.iter().find(|column| fold(&column.name) == name)
    }

    pub(crate) fn measure(&self, name: &str) -> Option<&Measure> {
        let name = fold(name);
        self.measures.iter().find(|measure| fold(&measure.name) == name)
    }

    pub(crate) fn hierarchy(&self, name: &str) -> Option<&Hierarchy> {
        let name = fold(name);
        self.hierarchies.iter().find(|hierarchy| fold(&hierarchy.name) == name)
    }
}
