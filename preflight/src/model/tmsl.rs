//! Models in TMSL: `model.bim` and scripts.

use serde::Deserialize;
use serde_json::Value;

use super::definition::ModelDefinition;
use super::relationship::{Direction, Relationship};
use super::table::{Column, DataType, Hierarchy, Measure, Table, Variation};
use crate::error::DefinitionError;

const PART: &str = "model.bim";

impl ModelDefinition {
    /// Reads `model.bim`, or a TMSL script that creates the database.
    ///
    /// # Errors
    ///
    /// Fails on text that is not JSON or contains no model.
    pub fn from_tmsl(text: &str) -> Result<Self, DefinitionError> {
        read(text)
    }
}

fn read(text: &str) -> Result<ModelDefinition, DefinitionError> {
    let json_error =
        |error: serde_json::Error| DefinitionError::Json { part: PART.to_owned(), reason: error.to_string() };
    let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(json_error)?;
    let shape = || DefinitionError::Shape { part: PART.to_owned(), reason: "contains no model".to_owned() };
    let model = find_model(&document).ok_or_else(shape)?;
    let model = Model::deserialize(model)
        .map_err(|error| DefinitionError::Shape { part: PART.to_owned(), reason: format!("is not TMSL: {error}") })?;
    let tables = model.tables.into_iter().map(Table::from).collect();
    let relationships = model.relationships.into_iter().filter_map(TmslRelationship::read).collect();
    let mut definition = ModelDefinition::new(tables, relationships);
    definition.roles = Some(model.roles.into_iter().map(|role| role.name).collect());
    definition.knows_hierarchies = true;
    Ok(definition)
}

/// The model of a database. The database may be inside a script.
fn find_model(document: &Value) -> Option<&Value> {
    if let Some(model) = document.get("model") {
        return Some(model);
    }
    if let Some(operations) = document.pointer("/sequence/operations").and_then(Value::as_array) {
        return operations.iter().find_map(find_model);
    }
    let command = ["createOrReplace", "create", "alter"].iter().find_map(|name| document.get(name))?;
    command.get("database").and_then(|database| database.get("model"))
}

#[derive(Deserialize)]
struct Model {
    #[serde(default)]
    tables: Vec<TmslTable>,
    #[serde(default)]
    relationships: Vec<TmslRelationship>,
    #[serde(default)]
    roles: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TmslTable {
    name: String,
    #[serde(default)]
    columns: Vec<TmslColumn>,
    #[serde(default)]
    measures: Vec<TmslMeasure>,
    #[serde(default)]
    hierarchies: Vec<TmslHierarchy>,
    #[serde(default)]
    show_as_variations_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TmslColumn {
    name: Option<String>,
    #[serde(rename = "type")]
    role: Option<String>,
    data_type: Option<String>,
    #[serde(default)]
    variations: Vec<TmslVariation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TmslVariation {
    name: String,
    default_hierarchy: Option<TableName>,
}

#[derive(Deserialize)]
struct TableName {
    table: String,
}

#[derive(Deserialize)]
struct TmslMeasure {
    name: String,
    #[serde(default)]
    expression: Lines,
}

#[derive(Deserialize)]
struct TmslHierarchy {
    name: String,
    #[serde(default)]
    levels: Vec<Named>,
}

/// A text as one string, or as an array of lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Many(Vec<String>),
    /// Any other value, which is not DAX.
    Other(serde::de::IgnoredAny),
}

impl Default for Lines {
    fn default() -> Self {
        Self::One(String::new())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TmslRelationship {
    from_table: Option<String>,
    from_column: Option<String>,
    to_table: Option<String>,
    to_column: Option<String>,
    is_active: Option<bool>,
    cross_filtering_behavior: Option<String>,
    from_cardinality: Option<String>,
    to_cardinality: Option<String>,
}

impl TmslRelationship {
    fn read(self) -> Option<Relationship> {
        let is = |value: Option<String>, wanted: &str| value.is_some_and(|value| value.eq_ignore_ascii_case(wanted));
        Some(Relationship {
            from: (self.from_table?, self.from_column?),
            to: (self.to_table?, self.to_column?),
            active: self.is_active.unwrap_or(true),
            direction: Direction::of(
                is(self.cross_filtering_behavior, "bothDirections"),
                is(self.from_cardinality, "one"),
                is(self.to_cardinality, "many"),
            ),
        })
    }
}

impl From<TmslTable> for Table {
    fn from(table: TmslTable) -> Self {
        Self {
            name: table.name,
            columns: table.columns.into_iter().filter_map(TmslColumn::read).collect(),
            measures: table.measures.into_iter().map(Measure::from).collect(),
            hierarchies: table.hierarchies.into_iter().map(Hierarchy::from).collect(),
            for_variations: table.show_as_variations_only,
        }
    }
}

impl TmslColumn {
    fn read(self) -> Option<Column> {
        if self.role.as_deref() == Some("rowNumber") {
            return None;
        }
        let variations = self.variations.into_iter().filter_map(|variation| {
            Some(Variation { name: variation.name, table: variation.default_hierarchy?.table })
        });
        Some(Column {
            name: self.name?,
            kind: self.data_type.map_or(DataType::Unknown, |kind| DataType::named(&kind)),
            variations: variations.collect(),
        })
    }
}

impl DataType {
    /// The type for its name in TMSL or in `INFO.VIEW.COLUMNS`.
    pub(super) fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().replace(' ', "").as_str() {
            "string" | "text" => Self::Text,
            "int64" | "integer" | "wholenumber" | "double" | "decimal" | "decimalnumber" | "fixeddecimalnumber"
            | "currency" | "number" => Self::Number,
            "datetime" | "date" | "time" | "date/time" => Self::DateTime,
            "boolean" | "true/false" => Self::Boolean,
            "binary" => Self::Binary,
            _ => Self::Unknown,
        }
    }
}

impl From<TmslMeasure> for Measure {
    fn from(measure: TmslMeasure) -> Self {
        let expression = match measure.expression {
            Lines::One(text) => text,
            Lines::Many(lines) => lines.join("\n"),
            Lines::Other(_) => String::new(),
        };
        Self { name: measure.name, expression }
    }
}

impl From<TmslHierarchy> for Hierarchy {
    fn from(hierarchy: TmslHierarchy) -> Self {
        Self { name: hierarchy.name, levels: hierarchy.levels.into_iter().map(|level| level.name).collect() }
    }
}
