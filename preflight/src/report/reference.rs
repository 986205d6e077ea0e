//! References to fields.

use std::fmt;

/// A reference of a report to a field.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Reference {
    Table(String),
    /// A column or a measure: DAX writes both in the same way.
    Field {
        table: String,
        name: String,
    },
    Column {
        table: String,
        name: String,
    },
    Measure {
        table: String,
        name: String,
        /// The extension that defines the measure, if it is not the model.
        schema: Option<String>,
    },
    Hierarchy {
        table: String,
        name: String,
        level: Option<String>,
    },
    /// The date hierarchy of a column.
    DateHierarchy {
        table: String,
        column: String,
        variation: String,
        hierarchy: Option<String>,
        level: Option<String>,
    },
}

impl Reference {
    pub(crate) fn table(&self) -> &str {
        match self {
            Self::Table(table)
            | Self::Field { table, .. }
            | Self::Column { table, .. }
            | Self::Measure { table, .. }
            | Self::Hierarchy { table, .. }
            | Self::DateHierarchy { table, .. } => table,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => f.write_str(table),
            Self::Field { table, name } | Self::Column { table, name } | Self::Measure { table, name, .. } => {
                write!(f, "{table}[{name}]")
            }
            Self::Hierarchy { table, name, level } => {
                write!(f, "{table}[{name}]")?;
                level.iter().try_for_each(|level| write!(f, ".[{level}]"))
            }
            Self::DateHierarchy { table, column, hierarchy, level, .. } => {
                write!(f, "{table}[{column}]")?;
                hierarchy.iter().chain(level).try_for_each(|name| write!(f, ".[{name}]"))
            }
        }
    }
}
