//! The texts of findings.

use crate::comparison::SchemaFinding;
use crate::names::fold;
use crate::report::{Level, Site, UsedAs};

/// What is wrong with a field, without its place in the report.
#[derive(Clone)]
pub(super) struct Missing {
    field: String,
    problem: String,
    suggestion: Option<String>,
    remedy: String,
    /// What a viewer sees. If it is `None`, it follows from the use of the field.
    effect: Option<&'static str>,
}

impl Missing {
    pub(super) fn new(kind: &str, field: String, problem: String, suggestion: Option<String>) -> Self {
        let table_of = |field: &str| fold(field.split_once('[').map_or(field, |(table, _)| table));
        let remedy = match &suggestion {
            // Renaming a column of another table does not help, because the report names the table too.
            Some(similar) if field.contains('[') && table_of(similar) != table_of(&field) => {
                let table = field.split_once('[').map_or("", |(table, _)| table);
                format!("Add the {kind} to the table `{table}` of the model, or use `{similar}` in the report.")
            }
            Some(similar) => {
                format!("Rename `{similar}` in the model to what the report uses, or use `{similar}` in the report.")
            }
            None => format!("Add the {kind} to the model, or bind the report to a model that has it."),
        };
        Self { field, problem, suggestion, remedy, effect: None }
    }

    pub(super) fn of_type(field: String, problem: String) -> Self {
        let remedy = format!("Give `{field}` the data type that it has in the report's own model.");
        let effect = problem
            .contains("in the report's own model")
            .then_some("The values are sorted, formatted or filtered differently from the report's own model.");
        Self { field, problem, suggestion: None, remedy, effect }
    }

    pub(super) fn of_name(field: String, problem: String) -> Self {
        let remedy = format!("Rename the measure `{field}` in the report or in the model.");
        Self { field, problem, suggestion: None, remedy, effect: None }
    }

    pub(super) fn of_relationship(from: &str, to: &str, problem: String, remedy: String) -> Self {
        let field = format!("{from} → {to}");
        let effect = "The visual shows values that are not filtered, and no error.";
        Self { field, problem, suggestion: None, remedy, effect: Some(effect) }
    }

    pub(super) fn with_effect(self, effect: &'static str) -> Self {
        Self { effect: Some(effect), ..self }
    }
}

pub(super) fn finding(site: &Site, used_as: &UsedAs, missing: Missing) -> SchemaFinding {
    SchemaFinding {
        page: site.page_name().map(str::to_owned),
        visual: site.visual_name().map(str::to_owned),
        used_as: used_as.to_string(),
        field: missing.field,
        problem: missing.problem,
        suggestion: missing.suggestion,
        viewer_sees: missing.effect.map_or_else(|| effect(site, used_as), str::to_owned),
        remedy: missing.remedy,
    }
}

fn effect(site: &Site, used_as: &UsedAs) -> String {
    let text = match (used_as, &site.visual) {
        (UsedAs::Bookmark(name), _) => return format!("The bookmark *{name}* leads to an error."),
        (UsedAs::Filter(Level::Report), _) => "Every visual of the report shows an error instead of data.",
        (UsedAs::Filter(Level::Page), _) => "Every visual of the page shows an error instead of data.",
        (UsedAs::FilterCard(_), _) => "The filter pane has a card that does not work.",
        (UsedAs::Parameter, _) => "A drillthrough to the page does not filter the page.",
        (UsedAs::Formatting(_), Some(_)) => {
            "The visual shows an error instead of data, because its query includes the field."
        }
        (UsedAs::Formatting(_), None) => "The page lacks the formatting that depends on the field.",
        _ => "The visual shows an error instead of data.",
    };
    text.to_owned()
}
