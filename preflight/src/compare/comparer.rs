//! The state of a comparison.

use std::collections::{BTreeSet, HashMap};

use super::outcome::Outcome;
use crate::comparison::{Comparison, NotChecked, SchemaFinding, place_text};
use crate::model::ModelDefinition;
use crate::report::{Reference, ReportDefinition, Site};

/// The state of a comparison.
pub(super) struct Comparer<'a> {
    pub(super) report: &'a ReportDefinition,
    pub(super) model: &'a ModelDefinition,
    pub(super) own: Option<&'a ModelDefinition>,
    findings: Vec<SchemaFinding>,
    /// The index of a finding in `findings`, by place, field and problem.
    known: HashMap<(Site, String, String), usize>,
    not_checked: BTreeSet<NotChecked>,
    /// The results so far, because a report uses the same fields many times.
    pub(super) outcomes: HashMap<Reference, Outcome>,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(
        report: &'a ReportDefinition,
        model: &'a ModelDefinition,
        own: Option<&'a ModelDefinition>,
    ) -> Self {
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

    /// Adds a finding. The same problem of a field at the same place is one finding, even if the field has several uses.
    pub(super) fn add(&mut self, site: &Site, finding: SchemaFinding) {
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

    pub(super) fn cannot_tell(&mut self, site: &Site, what: &str, because: impl Into<String>) {
        let place = place_text(site.page_name(), site.visual_name());
        self.not_checked.insert(NotChecked { what: format!("{place}: {what}"), because: because.into() });
    }

    pub(super) fn finish(self) -> Comparison {
        Comparison { findings: self.findings, not_checked: self.not_checked.into_iter().collect() }
    }
}
