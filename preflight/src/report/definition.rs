//! The result of reading a report.

use std::collections::HashSet;

use super::field_use::FieldUse;
use crate::comparison::NotChecked;

/// The fields that a report uses, and the parts of the report that could not be read.
#[derive(Clone, Debug, Default)]
pub struct ReportDefinition {
    pub(crate) uses: Vec<FieldUse>,
    /// The measures that the report defines itself.
    pub(crate) measures: Vec<ReportMeasure>,
    pub(crate) not_checked: Vec<NotChecked>,
    /// Pairs of visuals, by number. The first visual of a pair does not filter the second.
    pub(crate) no_filter: HashSet<(usize, usize)>,
}

/// A measure of a report.
#[derive(Clone, Debug)]
pub(crate) struct ReportMeasure {
    /// The name of the extension that has the measure.
    pub(crate) schema: String,
    /// The table of the model that the measure belongs to.
    pub(crate) table: String,
    pub(crate) name: String,
    pub(crate) expression: String,
    /// The measures that the expression uses according to the definition: schema, table, name.
    pub(crate) references: Vec<(Option<String>, String, String)>,
}
