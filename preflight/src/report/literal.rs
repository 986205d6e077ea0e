//! Literals of a query.

use std::fmt;

use crate::model::DataType;

/// The type of a literal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum LiteralType {
    Text,
    Number,
    DateTime,
    Boolean,
}

impl LiteralType {
    /// The type of a literal of a query; `None` for `null` and for types that a column cannot have.
    pub(super) fn of(literal: &str) -> Option<Self> {
        let number = literal.trim_end_matches(['L', 'D', 'M']);
        match literal {
            "true" | "false" => Some(Self::Boolean),
            _ if literal.starts_with('\'') => Some(Self::Text),
            _ if literal.starts_with("datetime'") => Some(Self::DateTime),
            _ if number.parse::<f64>().is_ok_and(f64::is_finite) => Some(Self::Number),
            _ => None,
        }
    }

    /// Whether DAX can compare a column of this type with this type of literal.
    pub(crate) fn compares_with(self, column: DataType) -> bool {
        match column {
            DataType::Unknown => true,
            DataType::Text => self == Self::Text,
            DataType::Boolean => self == Self::Boolean,
            // Dates are numbers.
            DataType::Number | DataType::DateTime => matches!(self, Self::Number | Self::DateTime),
            DataType::Binary => false,
        }
    }
}

impl fmt::Display for LiteralType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::DateTime => "a date",
            Self::Boolean => "true/false",
        })
    }
}
