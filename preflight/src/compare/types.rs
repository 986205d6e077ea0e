//! Whether a column has the type that its use needs.

use super::comparer::Comparer;
use super::wording::Missing;
use crate::model::DataType;
use crate::report::{FieldUse, Need, Reference};

impl Comparer<'_> {
    pub(super) fn type_problem(&self, found: &FieldUse) -> Option<Missing> {
        let Reference::Column { table, name } = &found.reference else { return None };
        let kind = self.model.column(table, name)?.kind;
        let field = format!("{table}[{name}]");
        let problem = match found.need {
            Some(Need::Aggregate { function, numeric: true }) if !adds_up(kind) => {
                format!("column `{field}` holds {kind}, which {function} cannot aggregate")
            }
            Some(Need::Compared(literal)) if !literal.compares_with(kind) => {
                format!("column `{field}` holds {kind}, but the report compares it with {literal}")
            }
            _ => self.changed_type(&field, table, name, kind)?,
        };
        Some(Missing::of_type(field, problem))
    }

    fn changed_type(&self, field: &str, table: &str, name: &str, kind: DataType) -> Option<String> {
        let expected = self.own?.column(table, name)?.kind;
        let known = |kind| kind != DataType::Unknown;
        (known(kind) && known(expected) && kind != expected)
            .then(|| format!("column `{field}` holds {kind}; in the report's own model it holds {expected}"))
    }
}

/// Whether a type can be summed. Dates can, because they are numbers in DAX.
fn adds_up(kind: DataType) -> bool {
    matches!(kind, DataType::Number | DataType::DateTime | DataType::Unknown)
}
