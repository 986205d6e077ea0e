//! Whether the model has a field.

use super::comparer::Comparer;
use super::outcome::Outcome;
use super::suggestions::{similar_field, similar_hierarchy, similar_name, similar_table};
use super::wording::{Missing, finding};
use crate::model::Table;
use crate::names::fold;
use crate::report::{FieldUse, Reference};

impl Comparer<'_> {
    pub(super) fn field(&mut self, found: &FieldUse) {
        let known = self.outcomes.get(&found.reference).cloned();
        let outcome = known.unwrap_or_else(|| {
            let outcome = self.outcome(&found.reference);
            self.outcomes.insert(found.reference.clone(), outcome.clone());
            outcome
        });
        let missing = match outcome {
            Outcome::Fine => self.type_problem(found),
            Outcome::Missing(missing) => Some(missing),
            Outcome::CannotTell(because) => {
                self.cannot_tell(&found.site, &format!("`{}`", found.reference), because);
                None
            }
        };
        if let Some(missing) = missing {
            self.add(&found.site, finding(&found.site, &found.used_as, missing));
        }
    }

    fn outcome(&self, reference: &Reference) -> Outcome {
        if let Reference::Measure { table, name, schema } = reference
            && let Some(outcome) = self.report_measure(table, name, schema.as_deref())
        {
            return outcome;
        }
        let Some(table) = self.model.table(reference.table()) else {
            return Outcome::Missing(self.without_table(reference));
        };
        match reference {
            Reference::Table(_) => Outcome::Fine,
            Reference::Field { name, .. } => self.column_or_measure(table, name, reference),
            Reference::Column { name, .. } => self.column(table, name, reference),
            Reference::Measure { name, .. } => self.measure(table, name, reference),
            Reference::Hierarchy { name, level, .. } => self.hierarchy(table, name, level.as_deref(), reference),
            Reference::DateHierarchy { column, .. } => match self.column(table, column, reference) {
                Outcome::Fine => self.date_hierarchy(table, reference),
                other => other,
            },
        }
    }

    /// The outcome for a measure that the report defines itself; `None` for a measure of the model.
    fn report_measure(&self, table: &str, name: &str, schema: Option<&str>) -> Option<Outcome> {
        let is = |measure: &&crate::report::ReportMeasure| fold(&measure.name) == fold(name);
        let own = self.report.measures.iter().filter(is).find(|measure| match schema {
            Some(schema) => fold(&measure.schema) == fold(schema),
            None => fold(&measure.table) == fold(table),
        });
        match (own, schema) {
            (Some(_), _) => Some(Outcome::Fine),
            (None, None) => None,
            (None, Some(schema)) => {
                Some(Outcome::CannotTell(format!("the report has no measure of this name in its extension `{schema}`")))
            }
        }
    }

    fn without_table(&self, reference: &Reference) -> Missing {
        let table = reference.table();
        let kind = kind(reference);
        let problem = match reference {
            Reference::Table(_) => format!("table `{table}` is missing"),
            _ => format!("{kind} `{reference}` is missing, because the model has no table `{table}`"),
        };
        let elsewhere = match reference {
            Reference::Measure { name, .. } => similar_field(self.model, table, name, true),
            _ => similar_table(self.model, reference),
        };
        Missing::new(kind, reference.to_string(), problem, elsewhere)
    }

    fn column_or_measure(&self, table: &Table, name: &str, reference: &Reference) -> Outcome {
        if table.measure(name).is_some() || self.report_measure(&table.name, name, None).is_some() {
            return Outcome::Fine;
        }
        self.column(table, name, reference)
    }

    fn column(&self, table: &Table, name: &str, reference: &Reference) -> Outcome {
        if table.column(name).is_some() {
            return Outcome::Fine;
        }
        let field = format!("{}[{name}]", reference.table());
        if table.measure(name).is_some() {
            let problem = format!("column `{field}` is missing; the model has a measure of this name");
            return Outcome::Missing(Missing::new("column", field, problem, None));
        }
        if table.columns.is_empty() && table.measures.is_empty() {
            return Outcome::CannotTell("the definition of the model lists no columns of this table".to_owned());
        }
        let suggestion = similar_field(self.model, &table.name, name, false);
        let problem = format!("column `{field}` is missing");
        Outcome::Missing(Missing::new("column", field, problem, suggestion))
    }

    fn measure(&self, table: &Table, name: &str, reference: &Reference) -> Outcome {
        if table.measure(name).is_some() {
            return Outcome::Fine;
        }
        let field = reference.to_string();
        if table.column(name).is_some() {
            let problem = format!("measure `{field}` is missing; the model has a column of this name");
            return Outcome::Missing(Missing::new("measure", field, problem, None));
        }
        let suggestion = similar_field(self.model, &table.name, name, true);
        let problem = format!("measure `{field}` is missing");
        Outcome::Missing(Missing::new("measure", field, problem, suggestion))
    }

    fn hierarchy(&self, table: &Table, name: &str, level: Option<&str>, reference: &Reference) -> Outcome {
        if !self.model.knows_hierarchies {
            return Outcome::CannotTell("the source of the model's schema has no hierarchies".to_owned());
        }
        let field = format!("{}[{name}]", reference.table());
        let Some(hierarchy) = table.hierarchy(name) else {
            let problem = format!("hierarchy `{field}` is missing");
            let suggestion = similar_hierarchy(table, name);
            return Outcome::Missing(Missing::new("hierarchy", field, problem, suggestion));
        };
        match level.filter(|level| !hierarchy.levels.iter().any(|known| fold(known) == fold(level))) {
            None => Outcome::Fine,
            Some(level) => {
                let problem = format!("level `{level}` of hierarchy `{field}` is missing");
                let suggestion = similar_name(level, hierarchy.levels.iter().map(String::as_str));
                let suggestion = suggestion.map(|level| format!("{field}.[{level}]"));
                Outcome::Missing(Missing::new("level", reference.to_string(), problem, suggestion))
            }
        }
    }

    fn date_hierarchy(&self, table: &Table, reference: &Reference) -> Outcome {
        let Reference::DateHierarchy { column, variation, hierarchy, level, .. } = reference else {
            return Outcome::Fine;
        };
        if !self.model.knows_hierarchies {
            return Outcome::CannotTell("the source of the model's schema has no date hierarchies".to_owned());
        }
        let variations = table.column(column).map(|column| column.variations.as_slice()).unwrap_or_default();
        let missing = |what: &str| {
            let field = format!("{}[{column}]", reference.table());
            Outcome::Missing(Missing::new(
                "date hierarchy",
                reference.to_string(),
                format!("column `{field}` {what}"),
                None,
            ))
        };
        if variations.is_empty() {
            return missing("has no date hierarchy");
        }
        let Some(found) = variations.iter().find(|known| fold(&known.name) == fold(variation)) else {
            return missing(&format!("has no date hierarchy named `{variation}`"));
        };
        match (self.model.table(&found.table), hierarchy) {
            (Some(dates), Some(name)) => {
                let inner =
                    Reference::Hierarchy { table: dates.name.clone(), name: name.clone(), level: level.clone() };
                match self.hierarchy(dates, name, level.as_deref(), &inner) {
                    Outcome::Missing(_) => missing(&format!(
                        "has a date hierarchy without `{}`",
                        level.as_deref().unwrap_or(name.as_str())
                    )),
                    other => other,
                }
            }
            (Some(_), None) => Outcome::Fine,
            (None, _) => missing("has a date hierarchy whose table is missing"),
        }
    }
}

fn kind(reference: &Reference) -> &'static str {
    match reference {
        Reference::Table(_) => "table",
        Reference::Field { .. } => "field",
        Reference::Column { .. } | Reference::DateHierarchy { .. } => "column",
        Reference::Measure { .. } => "measure",
        Reference::Hierarchy { .. } => "hierarchy",
    }
}
