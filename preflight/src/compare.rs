//! Holds the uses of a report against a model.

mod fields;
mod relationships;
mod report_measures;
mod suggestions;
mod types;
mod wording;

use std::collections::{BTreeSet, HashMap};

use self::fields::Outcome;
use self::relationships::Relations;
use self::report_measures::used_report_measures;
use crate::comparison::{Comparison, NotChecked, SchemaFinding, place_text};
use crate::model::ModelDefinition;
use crate::report::{FieldUse, Reference, ReportDefinition, Site};

/// Compares what a report uses with what a model has.
#[must_use]
pub fn compare(report: &ReportDefinition, model: &ModelDefinition) -> Comparison {
    compare_with_own(report, model, None)
}

/// Compares as [`compare()`] does, and uses the report's own model to tell which relationships and types it needs.
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

/// A comparison under way.
struct Comparer<'a> {
    report: &'a ReportDefinition,
    model: &'a ModelDefinition,
    own: Option<&'a ModelDefinition>,
    findings: Vec<SchemaFinding>,
    /// Where the finding of a place, a field and a problem stands.
    known: HashMap<(Site, String, String), usize>,
    not_checked: BTreeSet<NotChecked>,
    /// The results so far: a report uses the same fields again and again.
    outcomes: HashMap<Reference, Outcome>,
}

impl<'a> Comparer<'a> {
    fn new(report: &'a ReportDefinition, model: &'a ModelDefinition, own: Option<&'a ModelDefinition>) -> Self {
        Self {
            report,
            model,
            own,
            findings: Vec::new(),
            known: HashMap::new(),
            not_checked: report.not_checked.iter().cloned().collect(),
            outcomes: HashMap::new(),
        }
    }

    /// Adds a finding. The same problem of a field at one place is one finding, whatever the field is used for.
    fn add(&mut self, site: &Site, finding: SchemaFinding) {
        let key = (site.clone(), finding.field.to_lowercase(), finding.problem.clone());
        if let Some(at) = self.known.get(&key) {
            let used_as = &mut self.findings[*at].used_as;
            if !used_as.split(", ").any(|known| known == finding.used_as) {
                used_as.push_str(", ");
                used_as.push_str(&finding.used_as);
            }
            return;
        }
        self.known.insert(key, self.findings.len());
        self.findings.push(finding);
    }

    fn cannot_tell(&mut self, site: &Site, what: &str, because: impl Into<String>) {
        let place = place_text(site.page_name(), site.visual_name());
        self.not_checked.insert(NotChecked { what: format!("{place}: {what}"), because: because.into() });
    }

    fn finish(self) -> Comparison {
        Comparison { findings: self.findings, not_checked: self.not_checked.into_iter().collect() }
    }
}
