//! Collects the uses of a report.

use std::collections::HashMap;

use serde_json::Value;

use super::expression::Expressions;
use super::{FieldUse, Reference, ReportDefinition, Site, UsedAs};
use crate::comparison::{NotChecked, place_text};
use crate::dax::DaxNames;

/// The definition under construction.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) definition: ReportDefinition,
    visuals: usize,
}

impl Reader {
    /// The number of the next visual.
    pub(super) fn next_visual(&mut self) -> usize {
        self.visuals += 1;
        self.visuals
    }

    /// Notes what an expression, a filter or a query uses.
    pub(super) fn expression(&mut self, site: &Site, used_as: &UsedAs, value: &Value) {
        let Expressions { fields, unread, dax } = Expressions::read(value);
        for (reference, need) in fields {
            self.used(site, used_as, reference, need);
        }
        for because in unread {
            self.not_checked(site, &used_as.to_string(), &because);
        }
        for expression in dax {
            self.dax(site, used_as, &expression);
        }
    }

    /// Notes the fields of DAX inside a report. Only a name with its table is certainly a field.
    fn dax(&mut self, site: &Site, used_as: &UsedAs, expression: &str) {
        let names = DaxNames::of(expression);
        for (table, name) in names.qualified {
            self.used(site, used_as, Reference::Field { table, name }, None);
        }
        if !names.unqualified.is_empty() {
            let names = names.unqualified.join("]`, `[");
            let because = format!("its DAX names `[{names}]` without a table");
            self.not_checked(site, &used_as.to_string(), &because);
        }
    }

    /// Notes visuals whose fields are not in their definition.
    pub(super) fn other_needs(&mut self, site: &Site, visual: &Value) {
        match visual.get("visualType").and_then(Value::as_str) {
            Some("qnaVisual") => self.not_checked(site, "questions", "viewers choose the fields of a Q&A visual"),
            Some("rdlVisual") => {
                self.not_checked(
                    site,
                    "paginated report",
                    "the visual shows another report, which has its own queries",
                );
            }
            _ => {}
        }
    }

    pub(super) fn used(&mut self, site: &Site, used_as: &UsedAs, reference: Reference, need: Option<super::Need>) {
        self.definition.uses.push(FieldUse { site: site.clone(), used_as: used_as.clone(), reference, need });
    }

    /// Notes that the first visual of a page does not filter the second.
    pub(super) fn no_filter(&mut self, sites: &HashMap<String, Site>, interaction: &Value) {
        let number = |name: &str| {
            let site = sites.get(interaction.get(name)?.as_str()?)?;
            site.visual.as_ref().map(|(number, _)| *number)
        };
        if let (Some(source), Some(target)) = (number("source"), number("target")) {
            self.definition.no_filter.insert((source, target));
        }
    }

    pub(super) fn not_checked(&mut self, site: &Site, what: &str, because: &str) {
        let place = place_text(site.page_name(), site.visual_name());
        let entry = NotChecked { what: format!("{place}: {what}"), because: because.to_owned() };
        self.definition.not_checked.push(entry);
    }
}
