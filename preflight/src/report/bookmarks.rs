//! Bookmarks: filters, sorting and formatting that a viewer can apply.

use std::collections::HashMap;

use serde_json::Value;

use super::reader::Reader;
use super::{Site, UsedAs};

/// The pages of a report by name, each with its visuals by name.
pub(super) type Places = HashMap<String, (Site, HashMap<String, Site>)>;

const FILTER_LISTS: [&str; 4] = ["byName", "byExpr", "byType", "byTransientState"];

impl Reader {
    /// Reads a bookmark. Its entries for deleted pages and visuals have no effect, and are skipped.
    pub(super) fn bookmark(&mut self, bookmark: &Value, places: &Places) {
        let text = |name| bookmark.get(name).and_then(Value::as_str);
        let name = text("displayName").or_else(|| text("name")).unwrap_or_default().to_owned();
        let options = bookmark.get("options");
        let option = |name: &str| options.and_then(|options| options.get(name));
        if option("suppressData").and_then(Value::as_bool) == Some(true) {
            return;
        }
        let only: Option<Vec<&str>> = option("applyOnlyToTargetVisuals")
            .filter(|only| only.as_bool() == Some(true))
            .and_then(|_| option("targetVisualNames")?.as_array())
            .map(|names| names.iter().filter_map(Value::as_str).collect());
        let used_as = UsedAs::Bookmark(name);
        let state = &bookmark["explorationState"];
        self.filter_state(&Site::default(), &used_as, &state["filters"]);
        for (page, section) in state["sections"].as_object().into_iter().flatten() {
            let Some((site, visuals)) = places.get(page) else { continue };
            self.filter_state(site, &used_as, &section["filters"]);
            for (visual, state) in section["visualContainers"].as_object().into_iter().flatten() {
                let applied = only.as_ref().is_none_or(|only| only.contains(&visual.as_str()));
                if let Some(site) = visuals.get(visual).filter(|_| applied) {
                    self.visual_state(site, &used_as, state);
                }
            }
        }
    }

    fn filter_state(&mut self, site: &Site, used_as: &UsedAs, filters: &Value) {
        for list in FILTER_LISTS {
            let entries: Vec<&Value> = match filters.get(list) {
                Some(Value::Object(map)) => map.values().collect(),
                Some(Value::Array(items)) => items.iter().collect(),
                _ => continue,
            };
            for filter in entries {
                // A filter without a condition only clears the filter of the same name.
                if let Some(condition) = filter.get("filter").filter(|condition| !condition.is_null()) {
                    self.expression(site, used_as, condition);
                    self.expression(site, used_as, &filter["expression"]);
                }
            }
        }
    }

    fn visual_state(&mut self, site: &Site, used_as: &UsedAs, state: &Value) {
        self.filter_state(site, used_as, &state["filters"]);
        let visual = &state["singleVisual"];
        self.expression(site, used_as, &visual["orderBy"]);
        for part in ["projections", "activeProjections", "parameters"] {
            for fields in visual[part].as_object().into_iter().flat_map(|roles| roles.values()) {
                self.expression(site, used_as, fields);
            }
        }
        let merged = &visual["objects"]["merge"];
        let before = self.definition.uses.len();
        self.objects(site, merged);
        for found in &mut self.definition.uses[before..] {
            found.used_as = used_as.clone();
        }
    }
}
