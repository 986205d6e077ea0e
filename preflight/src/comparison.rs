//! The result of a comparison.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of comparing a report with a model.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Comparison {
    /// What would fail when a viewer opens the report.
    pub findings: Vec<SchemaFinding>,
    /// What could not be checked.
    pub not_checked: Vec<NotChecked>,
}

/// One field or relationship that the report needs and the model does not have.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct SchemaFinding {
    /// The display name of the page; `None` for a field that the whole report uses.
    pub page: Option<String>,
    /// The title or the type of the visual; `None` for a field that a page or the report uses.
    pub visual: Option<String>,
    /// What the report uses the field for.
    pub used_as: String,
    /// The field, as DAX writes it.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// The most similar field of the model, as DAX writes it.
    pub suggestion: Option<String>,
    /// What a viewer of the report would see.
    pub viewer_sees: String,
    /// How to fix it.
    pub remedy: String,
}

/// One part of a definition that could not be checked.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
pub struct NotChecked {
    /// The part that was not checked.
    pub what: String,
    /// Why it was not checked.
    pub because: String,
}

impl fmt::Display for SchemaFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&place_text(self.page.as_deref(), self.visual.as_deref()))?;
        write!(f, ": {}", self.problem)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; the model has `{suggestion}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for NotChecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not checked, because {}", self.what, self.because)
    }
}

/// A place in a report, as text.
pub(crate) fn place_text(page: Option<&str>, visual: Option<&str>) -> String {
    match (page, visual) {
        (Some(page), Some(visual)) => format!("page *{page}*, visual *{visual}*"),
        (Some(page), None) => format!("page *{page}*"),
        (None, Some(visual)) => format!("visual *{visual}*"),
        (None, None) => "report".to_owned(),
    }
}
