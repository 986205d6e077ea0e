//! Measures that the report defines itself: what their DAX needs from the model.

use std::collections::HashSet;

use super::comparer::Comparer;
use super::wording::{Missing, finding};
use crate::dax::DaxNames;
use crate::names::fold;
use crate::report::{FieldUse, Reference, ReportDefinition, ReportMeasure, UsedAs};

/// The fields that the report's own measures use, at the places that use the measures. Measures that are not used are
/// left out.
pub(super) fn used_report_measures(report: &ReportDefinition, comparer: &mut Comparer<'_>) -> Vec<FieldUse> {
    let mut needed = Vec::new();
    let mut seen = HashSet::new();
    let mut open: Vec<FieldUse> = report.uses.clone();
    while let Some(found) = open.pop() {
        let Some(measure) = measure_of(report, &found.reference) else { continue };
        if !seen.insert((found.site.visual.clone(), found.site.page.clone(), fold(&measure.name))) {
            continue;
        }
        comparer.unique_name(&found, measure);
        let behind = fields_of(comparer, &found, measure);
        open.extend(behind.iter().cloned());
        needed.extend(behind);
    }
    needed
}

/// The report's own measure that a reference names, if it names one.
pub(super) fn measure_of<'a>(report: &'a ReportDefinition, reference: &Reference) -> Option<&'a ReportMeasure> {
    let Reference::Measure { table, name, schema } = reference else { return None };
    report.measures.iter().find(|measure| {
        fold(&measure.name) == fold(name)
            && match schema {
                Some(schema) => fold(&measure.schema) == fold(schema),
                None => fold(&measure.table) == fold(table),
            }
    })
}

fn fields_of(comparer: &mut Comparer<'_>, found: &FieldUse, measure: &ReportMeasure) -> Vec<FieldUse> {
    let used_as = UsedAs::ReportMeasure(measure.name.clone());
    let used = |reference| FieldUse { site: found.site.clone(), used_as: used_as.clone(), reference, need: None };
    let mut fields = vec![used(Reference::Table(measure.table.clone()))];
    for (schema, table, name) in &measure.references {
        let (table, name, schema) = (table.clone(), name.clone(), schema.clone());
        fields.push(used(Reference::Measure { table, name, schema }));
    }
    let names = DaxNames::of(&measure.expression);
    fields.extend(names.qualified.into_iter().map(|(table, name)| used(Reference::Field { table, name })));
    for name in names.unqualified {
        let referred = measure.references.iter().any(|(_, _, known)| fold(known) == fold(&name));
        let extension = comparer.report.measures.iter().find(|other| fold(&other.name) == fold(&name));
        match extension {
            Some(other) => fields.push(used(Reference::Measure {
                table: other.table.clone(),
                name,
                schema: Some(other.schema.clone()),
            })),
            None if referred => {}
            None => fields.extend(comparer.unqualified(found, measure, &name).map(used)),
        }
    }
    fields
}

impl Comparer<'_> {
    /// `[Name]` in the DAX of a report's measure. It is known to be a measure only if the report's own model has it as a
    /// measure.
    fn unqualified(&mut self, found: &FieldUse, measure: &ReportMeasure, name: &str) -> Option<Reference> {
        if self.model.home_of_measure(name).is_some() || self.model.column(&measure.table, name).is_some() {
            return None;
        }
        if let Some(home) = self.own.and_then(|own| own.home_of_measure(name)) {
            return Some(Reference::Measure { table: home.name.clone(), name: name.to_owned(), schema: None });
        }
        let what = format!("`[{name}]` in measure {} of the report", measure.name);
        self.cannot_tell(&found.site, &what, "it can be a measure or a column of the expression");
        None
    }

    /// Adds a finding if the model has a measure with the name of the report's measure.
    fn unique_name(&mut self, found: &FieldUse, measure: &ReportMeasure) {
        let taken = |model: &crate::model::ModelDefinition| model.home_of_measure(&measure.name).is_some();
        if !taken(self.model) || self.own.is_some_and(taken) {
            return;
        }
        let field = format!("{}[{}]", measure.table, measure.name);
        let problem = format!("measure `{field}` of the report has the same name as a measure of the model");
        self.add(&found.site, finding(&found.site, &found.used_as, Missing::of_name(field, problem)));
    }
}
