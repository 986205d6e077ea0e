//! Compares the uses of a report with a model.

mod comparer;
mod fields;
mod outcome;
mod relationships;
mod report_measures;
mod suggestions;
mod types;
mod wording;

use self::comparer::Comparer;
use self::relationships::Relations;
use self::report_measures::used_report_measures;
use crate::comparison::Comparison;
use crate::model::ModelDefinition;
use crate::report::{FieldUse, ReportDefinition};

/// Compares what a report uses with what a model has.
#[must_use]
pub fn compare(report: &ReportDefinition, model: &ModelDefinition) -> Comparison {
    compare_with_own(report, model, None)
}

/// Compares as [`compare()`] does. Takes the relationships and types that the report needs from the report's own model.
#[must_use]
pub fn compare_with_own(
    report: &ReportDefinition,
    model: &ModelDefinition,
    own: Option<&ModelDefinition>,
) -> Comparison {
    let mut comparer = Comparer::new(report, model, own);
    let mut uses: Vec<FieldUse> = report.uses.clone();
    uses.extend(used_report_measures(report, &mut comparer));
    for found in &uses {
        comparer.field(found);
    }
    Relations::of(&uses).check(&mut comparer);
    comparer.finish()
}
