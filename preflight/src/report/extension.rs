//! Measures that a report defines itself.

use serde_json::Value;

use super::definition::ReportMeasure;
use super::reader::Reader;

impl Reader {
    /// Reads one extension: `reportExtensions.json`, or an entry of `modelExtensions`.
    pub(super) fn extension(&mut self, extension: &Value) {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let schema = text(extension, "name").unwrap_or_else(|| "extension".to_owned());
        for entity in list(extension, "entities") {
            let table = text(entity, "extends").or_else(|| text(entity, "name")).unwrap_or_default();
            for measure in list(entity, "measures") {
                let Some(name) = text(measure, "name") else { continue };
                let references = measure.get("references").map(|references| list(references, "measures"));
                let references = references.into_iter().flatten().filter_map(|reference| {
                    let schema = text(reference, "schema").filter(|schema| !schema.is_empty());
                    Some((schema, text(reference, "entity")?, text(reference, "name")?))
                });
                self.definition.measures.push(ReportMeasure {
                    schema: schema.clone(),
                    table: table.clone(),
                    name,
                    expression: text(measure, "expression").unwrap_or_default(),
                    references: references.collect(),
                });
            }
        }
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}
