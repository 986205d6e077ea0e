//! Tables of a model, with their columns, measures and hierarchies.

use std::fmt;

use crate::names::fold;

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

/// The hierarchy of a date table that a column uses.
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

/// The type of a column, with only the differences that matter to a report.
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
