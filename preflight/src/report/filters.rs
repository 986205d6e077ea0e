//! Filters of the report, of pages and of visuals.

use serde_json::Value;

use super::reader::Reader;
use super::{Level, Site, UsedAs};

impl Reader {
    /// Reads a list of filters: PBIR names the field `field`, PBIR-Legacy names it `expression`.
    pub(super) fn filters(&mut self, site: &Site, level: Level, filters: &Value) {
        for filter in filters.as_array().into_iter().flatten() {
            self.filter(site, level, filter);
        }
    }

    fn filter(&mut self, site: &Site, level: Level, filter: &Value) {
        let field = filter.get("field").or_else(|| filter.get("expression"));
        let used_as = match filter.get("filter").filter(|condition| !condition.is_null()) {
            Some(condition) => {
                self.expression(site, &UsedAs::Filter(level), condition);
                UsedAs::Filter(level)
            }
            // A card without a condition has no effect if viewers cannot open it. Cards of visuals without a condition often
            // remain from fields that the visual showed before.
            None if level == Level::Visual || is_hidden(filter) || is_automatic(filter) => return,
            None => UsedAs::FilterCard(level),
        };
        if let Some(field) = field {
            self.expression(site, &used_as, field);
        }
    }
}

fn is_hidden(filter: &Value) -> bool {
    filter.get("isHiddenInViewMode").and_then(Value::as_bool) == Some(true)
}

/// Cards that mirror the fields of a visual.
fn is_automatic(filter: &Value) -> bool {
    match filter.get("howCreated") {
        Some(Value::String(how)) => how == "Auto",
        Some(how) => how.as_u64() == Some(0),
        None => false,
    }
}
