//! Expressions of queries, filters and properties.

mod kinds;

use serde_json::{Map, Value};

use self::kinds::{CONTAINERS, LEAVES, aggregate, literal_type};
use super::field_use::Need;
use super::reference::Reference;
use super::sources::{Source, Sources};

/// The fields and DAX in an expression.
#[derive(Debug, Default)]
pub(super) struct Expressions {
    pub(super) fields: Vec<(Reference, Option<Need>)>,
    /// Why parts of the expression could not be read.
    pub(super) unread: Vec<String>,
    /// DAX that the expression contains.
    pub(super) dax: Vec<String>,
}

impl Expressions {
    /// Reads an expression, a filter or a query.
    pub(super) fn read(value: &Value) -> Self {
        let mut expressions = Self::default();
        expressions.walk(value, &Sources::default(), None);
        expressions
    }

    fn walk(&mut self, value: &Value, sources: &Sources, need: Option<Need>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, sources, need)),
            Value::Object(map) => match map.get("From").and_then(Value::as_array) {
                Some(from) => {
                    from.iter().filter_map(|entry| entry.get("Expression")).for_each(|e| self.walk(e, sources, None));
                    self.entries(map, &sources.within(from), need);
                }
                None => self.entries(map, sources, need),
            },
            _ => {}
        }
    }

    fn entries(&mut self, map: &Map<String, Value>, sources: &Sources, need: Option<Need>) {
        for (kind, child) in map.iter().filter(|(kind, _)| *kind != "From") {
            self.entry(kind, child, sources, need);
        }
    }

    fn entry(&mut self, kind: &str, child: &Value, sources: &Sources, need: Option<Need>) {
        match kind {
            "Column" => self.column(child, sources, need),
            "Measure" if child.get("Property").is_some() => self.measure(child, sources),
            "GroupRef" => {
                self.column(child, sources, need);
                self.walk(&child["GroupedColumns"], sources, None);
            }
            "Hierarchy" => self.hierarchy(child, None, sources),
            "HierarchyLevel" => self.level(child, sources),
            "PropertyVariationSource" => self.date_hierarchy(child, None, None, sources),
            "SourceRef" => self.table(child, sources),
            "Aggregation" | "Percentile" | "Min" | "Max" => self.walk(child, sources, Some(aggregate(kind, child))),
            "Comparison" => self.compared(&[&child["Left"], &child["Right"]], sources),
            "Between" => self.compared(&[&child["Expression"], &child["LowerBound"], &child["UpperBound"]], sources),
            "In" => self.contained(child, sources),
            "NativeMeasure" | "NativeColumn" => self.native(child, sources),
            _ if LEAVES.contains(&kind) => {}
            _ if CONTAINERS.contains(&kind) => self.walk(child, sources, need),
            _ if kind.starts_with(char::is_uppercase) && (child.is_object() || child.is_array()) => {
                self.unread.push(format!("it has an expression of an unknown kind (`{kind}`)"));
            }
            _ => self.walk(child, sources, need),
        }
    }

    fn column(&mut self, child: &Value, sources: &Sources, need: Option<Need>) {
        if let Some(variation) = child.pointer("/Expression/PropertyVariationSource") {
            self.date_hierarchy(variation, None, None, sources);
            self.unread.push("it uses a column of a date table through another column".to_owned());
            return;
        }
        if let Some((table, _, name)) = self.named(child, "Property", sources) {
            self.fields.push((Reference::Column { table, name }, need));
        }
    }

    fn measure(&mut self, child: &Value, sources: &Sources) {
        if let Some((table, schema, name)) = self.named(child, "Property", sources) {
            self.fields.push((Reference::Measure { table, name, schema }, None));
        }
    }

    fn level(&mut self, child: &Value, sources: &Sources) {
        let level = child.get("Level").and_then(Value::as_str);
        match (child.pointer("/Expression/Hierarchy"), level) {
            (Some(hierarchy), Some(level)) => self.hierarchy(hierarchy, Some(level), sources),
            _ => self.unread.push("it has a hierarchy level without a hierarchy".to_owned()),
        }
    }

    fn hierarchy(&mut self, child: &Value, level: Option<&str>, sources: &Sources) {
        if let Some(variation) = child.pointer("/Expression/PropertyVariationSource") {
            let hierarchy = child.get("Hierarchy").and_then(Value::as_str);
            self.date_hierarchy(variation, hierarchy, level, sources);
        } else if let Some((table, _, name)) = self.named(child, "Hierarchy", sources) {
            let level = level.map(str::to_owned);
            self.fields.push((Reference::Hierarchy { table, name, level }, None));
        }
    }

    fn date_hierarchy(&mut self, child: &Value, hierarchy: Option<&str>, level: Option<&str>, sources: &Sources) {
        let Some((table, _, column)) = self.named(child, "Property", sources) else { return };
        let variation = child.get("Name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let (hierarchy, level) = (hierarchy.map(str::to_owned), level.map(str::to_owned));
        self.fields.push((Reference::DateHierarchy { table, column, variation, hierarchy, level }, None));
    }

    fn table(&mut self, child: &Value, sources: &Sources) {
        match sources.resolve(&serde_json::json!({ "SourceRef": child })) {
            Source::Entity { name, .. } => self.fields.push((Reference::Table(name), None)),
            Source::Derived => {}
            Source::Unknown(why) => self.unread.push(why),
        }
    }

    /// Reads the operands of one comparison. A column among them is compared with the literals among them.
    fn compared(&mut self, operands: &[&Value], sources: &Sources) {
        let literal = operands.iter().find_map(|operand| literal_type(operand)).map(Need::Compared);
        for operand in operands {
            self.walk(operand, sources, literal);
        }
    }

    fn contained(&mut self, child: &Value, sources: &Sources) {
        let rows = child.get("Values").and_then(Value::as_array);
        let columns = child.get("Expressions").and_then(Value::as_array);
        for (at, column) in columns.into_iter().flatten().enumerate() {
            let cells = rows.into_iter().flatten().filter_map(|row| row.get(at));
            let literal = cells.into_iter().find_map(literal_type).map(Need::Compared);
            self.walk(column, sources, literal);
        }
        self.walk(&child["Values"], sources, None);
        self.walk(&child["Table"], sources, None);
    }

    /// Reads a calculation in DAX.
    fn native(&mut self, child: &Value, sources: &Sources) {
        let cache = &child["ExpressionContentCache"];
        self.walk(&child["Source"], sources, None);
        self.walk(cache, sources, None);
        let complete = cache.get("Dependencies").is_some() && cache["UnrecognizedIdentifiers"].as_bool() != Some(true);
        if complete {
            return;
        }
        self.dax.extend(child.get("Expression").and_then(Value::as_str).map(str::to_owned));
    }

    /// The table, the schema and the name of a field; `None` if the field does not belong to a table of the model.
    fn named(&mut self, child: &Value, key: &str, sources: &Sources) -> Option<(String, Option<String>, String)> {
        let source = sources.resolve(&child["Expression"]);
        match (source, child.get(key).and_then(Value::as_str)) {
            (Source::Entity { name, schema }, Some(property)) => return Some((name, schema, property.to_owned())),
            (Source::Entity { .. }, None) => self.unread.push(format!("it names a field without `{key}`")),
            (Source::Derived, _) => {}
            (Source::Unknown(why), _) => self.unread.push(why),
        }
        None
    }
}
