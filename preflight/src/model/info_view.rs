//! Models from rows of `INFO.VIEW.*`.

use serde_json::Value;

use super::definition::ModelDefinition;
use super::relationship::{Direction, Relationship};
use super::table::{Column, DataType, Measure, Table};
use crate::error::DefinitionError;
use crate::names::fold;

impl ModelDefinition {
    /// Reads the rows of `INFO.VIEW.TABLES`, `.COLUMNS`, `.MEASURES` and `.RELATIONSHIPS`.
    ///
    /// These functions return neither hierarchies nor roles, so neither is checked.
    ///
    /// # Errors
    ///
    /// Fails on a row without the names of its table, column, measure or relationship.
    pub fn from_info_view(
        tables: &[Value],
        columns: &[Value],
        measures: &[Value],
        relationships: &[Value],
    ) -> Result<Self, DefinitionError> {
        read(tables, columns, measures, relationships)
    }
}

fn read(
    tables: &[Value],
    columns: &[Value],
    measures: &[Value],
    relationships: &[Value],
) -> Result<ModelDefinition, DefinitionError> {
    let mut read = Vec::with_capacity(tables.len());
    for row in tables {
        read.push(Table { name: text("INFO.VIEW.TABLES", row, "Name")?, ..Table::default() });
    }
    for row in columns {
        let (table, name) = (text("INFO.VIEW.COLUMNS", row, "Table")?, text("INFO.VIEW.COLUMNS", row, "Name")?);
        // Every table has one column of this type. Reports cannot use it.
        if name.starts_with("RowNumber-") {
            continue;
        }
        let kind = cell(row, "DataType").and_then(Value::as_str).map_or(DataType::Unknown, DataType::named);
        table_of(&mut read, &table).columns.push(Column { name, kind, variations: Vec::new() });
    }
    for row in measures {
        let (table, name) = (text("INFO.VIEW.MEASURES", row, "Table")?, text("INFO.VIEW.MEASURES", row, "Name")?);
        let expression = cell(row, "Expression").and_then(Value::as_str).unwrap_or_default().to_owned();
        table_of(&mut read, &table).measures.push(Measure { name, expression });
    }
    let relationships: Result<_, _> = relationships.iter().map(relationship).collect();
    Ok(ModelDefinition::new(read, relationships?))
}

/// The table of a row. It is added if the rows of tables do not have it.
fn table_of<'a>(tables: &'a mut Vec<Table>, name: &str) -> &'a mut Table {
    let key = fold(name);
    let at = tables.iter().position(|table| fold(&table.name) == key).unwrap_or_else(|| {
        tables.push(Table { name: name.to_owned(), ..Table::default() });
        tables.len() - 1
    });
    &mut tables[at]
}

fn relationship(row: &Value) -> Result<Relationship, DefinitionError> {
    let of = |name| text("INFO.VIEW.RELATIONSHIPS", row, name);
    let is =
        |name, wanted: &str| cell(row, name).and_then(Value::as_str).is_some_and(|v| v.eq_ignore_ascii_case(wanted));
    let active = match cell(row, "IsActive") {
        Some(Value::Bool(active)) => *active,
        Some(Value::String(active)) => active.eq_ignore_ascii_case("true"),
        _ => true,
    };
    Ok(Relationship {
        from: (of("FromTable")?, of("FromColumn")?),
        to: (of("ToTable")?, of("ToColumn")?),
        active,
        direction: Direction::of(
            is("CrossFilteringBehavior", "BothDirections"),
            is("FromCardinality", "One"),
            is("ToCardinality", "Many"),
        ),
    })
}

fn text(view: &str, row: &Value, name: &str) -> Result<String, DefinitionError> {
    let found = cell(row, name).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| DefinitionError::Shape {
        part: view.to_owned(),
        reason: format!("has a row without `[{name}]`"),
    })
}

/// A cell of a row. The service writes the name of a column in brackets, with or without the table in front.
fn cell<'a>(row: &'a Value, name: &str) -> Option<&'a Value> {
    let row = row.as_object()?;
    let bracketed = format!("[{name}]");
    let found = row.get(&bracketed).or_else(|| row.get(name));
    found.or_else(|| row.iter().find(|(key, _)| key.ends_with(&bracketed)).map(|(_, value)| value))
}
