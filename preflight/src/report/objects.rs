//! Formatting: objects whose properties may contain expressions.

use serde_json::Value;

use super::reader::Reader;
use super::{Site, UsedAs};

impl Reader {
    /// Reads `objects`. Selectors only choose the data points of a property, so their fields are not uses.
    pub(super) fn objects(&mut self, site: &Site, objects: &Value) {
        for (object, instances) in objects.as_object().into_iter().flatten() {
            for instance in instances.as_array().into_iter().flatten() {
                let properties = instance.get("properties").and_then(Value::as_object);
                for (property, value) in properties.into_iter().flatten() {
                    self.property(site, &format!("{object}.{property}"), value);
                }
            }
        }
    }

    fn property(&mut self, site: &Site, name: &str, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.property(site, name, item)),
            Value::Object(map) if map.contains_key("From") => {
                self.expression(site, &UsedAs::Selection, value);
            }
            Value::Object(map) => {
                for (key, child) in map {
                    match key.as_str() {
                        "expr" | "exprs" => self.property_expression(site, name, child),
                        _ => self.property(site, name, child),
                    }
                }
            }
            _ => {}
        }
    }

    fn property_expression(&mut self, site: &Site, name: &str, value: &Value) {
        self.expression(site, &UsedAs::Formatting(name.to_owned()), value);
        let literal = value.pointer("/Literal/Value").and_then(Value::as_str);
        if literal.is_some_and(is_quoted_json) {
            self.not_checked(site, &format!("property {name}"), "it contains JSON in the visual's own format");
        }
    }
}

/// Whether a text literal contains a JSON object or array.
fn is_quoted_json(literal: &str) -> bool {
    let text = literal.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or_default();
    let text = text.trim();
    (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'))
}
