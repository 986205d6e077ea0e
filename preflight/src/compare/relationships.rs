//! Whether the tables of a visual have the relationships that the report needs.

use std::collections::{BTreeMap, BTreeSet};

use super::comparer::Comparer;
use super::report_measures::measure_of;
use super::wording::{Missing, finding};
use crate::model::{Dependencies, ModelDefinition};
use crate::names::fold;
use crate::report::{FieldUse, Level, Need, Reference, ReportDefinition, Site, UsedAs};

/// The tables of one visual.
#[derive(Debug, Default)]
struct VisualTables<'a> {
    site: Option<&'a Site>,
    /// Tables whose columns group the values.
    grouping: BTreeSet<String>,
    /// Tables whose columns filter the values.
    filtering: BTreeSet<String>,
    /// Tables whose columns are aggregated.
    aggregated: BTreeSet<String>,
    measures: Vec<&'a Reference>,
    /// Whether the visual calculates values with its own DAX.
    has_dax: bool,
}

/// The visuals of a report, and the tables that filter them.
#[derive(Debug, Default)]
pub(super) struct Relations<'a> {
    visuals: BTreeMap<usize, VisualTables<'a>>,
    /// The tables of filters and slicers, each with the number of the slicer, by page. The page `None` has the filters of
    /// the whole report.
    filters: BTreeMap<Option<usize>, BTreeSet<(Option<usize>, String)>>,
}

impl<'a> Relations<'a> {
    pub(super) fn of(uses: &'a [FieldUse]) -> Self {
        let mut relations = Self::default();
        for found in uses {
            let page = found.site.page.as_ref().map(|(at, _)| *at);
            let shared = matches!(found.used_as, UsedAs::Filter(Level::Report | Level::Page)) || found.site.slicer;
            if shared && let Some(table) = column_table(&found.reference) {
                let slicer = found.site.visual.as_ref().map(|(number, _)| *number);
                relations.filters.entry(page).or_default().insert((slicer, table));
            }
            if let Some((at, _)) = &found.site.visual {
                let visual = relations.visuals.entry(*at).or_default();
                visual.site = Some(&found.site);
                visual.note(found);
            }
        }
        relations
    }

    pub(super) fn check(&self, comparer: &mut Comparer<'_>) {
        for (number, visual) in &self.visuals {
            let Some(site) = visual.site else { continue };
            let no_filter = &comparer.report.no_filter;
            let filters = |slicer: &Option<usize>| slicer.is_none_or(|slicer| !no_filter.contains(&(slicer, *number)));
            match comparer.own {
                Some(own) => {
                    let page = site.page.as_ref().map(|(at, _)| *at);
                    let tables = [None, page].into_iter().filter_map(|page| self.filters.get(&page)).flatten();
                    let tables: Vec<&String> =
                        tables.filter(|(slicer, _)| filters(slicer)).map(|(_, table)| table).collect();
                    visual.compare_with(own, &tables, site, comparer);
                }
                None => visual.judge(site, comparer),
            }
        }
    }
}

/// The table of a column or of a hierarchy.
fn column_table(reference: &Reference) -> Option<String> {
    match reference {
        Reference::Column { .. } | Reference::Hierarchy { .. } | Reference::DateHierarchy { .. } => {
            Some(fold(reference.table()))
        }
        _ => None,
    }
}

impl<'a> VisualTables<'a> {
    fn note(&mut self, found: &'a FieldUse) {
        let aggregates = matches!(found.need, Some(Need::Aggregate { .. }));
        match (&found.used_as, &found.reference) {
            (UsedAs::Role(_) | UsedAs::Query | UsedAs::Sorting | UsedAs::Formatting(_), Reference::Measure { .. }) => {
                self.measures.push(&found.reference);
            }
            (UsedAs::Role(_) | UsedAs::Query | UsedAs::Sorting | UsedAs::Formatting(_), reference) if aggregates => {
                self.aggregated.extend(column_table(reference));
            }
            (_, Reference::Field { .. }) => self.has_dax = true,
            (UsedAs::Role(_) | UsedAs::Query, reference) => self.grouping.extend(column_table(reference)),
            (UsedAs::Filter(Level::Visual), reference) => self.filtering.extend(column_table(reference)),
            _ => {}
        }
    }

    /// The tables that the values of the visual come from.
    fn values(&self, report: &ReportDefinition, model: &ModelDefinition) -> Dependencies {
        let mut values = Dependencies::default();
        values.tables.extend(self.aggregated.iter().cloned());
        for reference in &self.measures {
            let Reference::Measure { name, .. } = reference else { continue };
            let found = match measure_of(report, reference) {
                Some(own) => model.dependencies_of_expression(&own.expression, &own.table),
                None => model.dependencies_of_measure(name),
            };
            values.add(found);
        }
        values
    }

    /// Compares with the report's own model: tables that are related there must be related in the bound model.
    fn compare_with(&self, own: &ModelDefinition, filters: &[&String], site: &Site, comparer: &mut Comparer<'_>) {
        let model = comparer.model;
        let (needed, read) = (self.values(comparer.report, own), self.values(comparer.report, model));
        // A measure with unknown DAX is assumed to read the same tables as in the report's own model.
        let is_read = |table: &&String| read.has_unknown || read.tables.contains(*table);
        let values: BTreeSet<&String> = needed.tables.iter().filter(is_read).collect();
        let mut pairs = BTreeSet::new();
        for from in filters.iter().copied().chain(&self.grouping).chain(&self.filtering) {
            pairs.extend(values.iter().map(|to| (from.as_str(), to.as_str())));
            // Without values, the columns group each other.
            if values.is_empty() {
                pairs.extend(self.grouping.iter().map(|to| (from.as_str(), to.as_str())));
            }
        }
        for (from, to) in pairs {
            let exist = model.table(from).is_some() && model.table(to).is_some();
            if exist && own.filters(from, to) && !model.filters(from, to) {
                comparer.unrelated(site, from, to, read.sets_relationships);
            }
        }
    }

    /// Judges without the report's own model. Then only columns that group each other certainly need a relationship.
    fn judge(&self, site: &Site, comparer: &mut Comparer<'_>) {
        let model = comparer.model;
        let known = |table: &&String| model.table(table).is_some();
        let grouping: Vec<&String> = self.grouping.iter().filter(known).collect();
        if self.measures.is_empty() && self.aggregated.is_empty() && !self.has_dax {
            if let Some((a, b)) = unrelated_pair(model, &grouping) {
                comparer.no_common_table(site, a, b);
            }
            return;
        }
        for from in &grouping {
            for to in self.aggregated.iter().filter(known) {
                if !model.filters(from, to) {
                    let what = format!("the relationship from `{}` to `{}`", shown(model, from), shown(model, to));
                    let because = "the model has none, and without the report's own model it is unknown whether the \
                                   report needs one";
                    comparer.cannot_tell(site, &what, because);
                }
            }
        }
    }
}

/// Two tables that are not connected: a filter on one of them does not reach the other, and no third table is reached
/// from both.
fn unrelated_pair<'a>(model: &ModelDefinition, tables: &[&'a String]) -> Option<(&'a str, &'a str)> {
    let connected = |a: &str, b: &str| {
        model.filters(a, b)
            || model.filters(b, a)
            || model.tables.iter().any(|table| model.filters(a, &table.name) && model.filters(b, &table.name))
    };
    let pairs = tables.iter().enumerate().flat_map(|(at, a)| tables[at + 1..].iter().map(move |b| (*a, *b)));
    pairs.map(|(a, b)| (a.as_str(), b.as_str())).find(|(a, b)| !connected(a, b))
}

/// The name of a table as the model writes it.
fn shown(model: &ModelDefinition, folded: &str) -> String {
    model.table(folded).map_or_else(|| folded.to_owned(), |table| table.name.clone())
}

impl Comparer<'_> {
    fn unrelated(&mut self, site: &Site, from: &str, to: &str, sets_relationships: bool) {
        let inactive = self.model.inactive_between(from, to).map(ToString::to_string);
        let reversed = self.model.filters(to, from);
        let (from, to) = (shown(self.model, from), shown(self.model, to));
        if sets_relationships {
            let because = "a measure of the model replaces the model's relationships";
            self.cannot_tell(site, &format!("the relationship from `{from}` to `{to}`"), because);
            return;
        }
        let (problem, remedy) = match inactive {
            Some(relationship) => (
                format!(
                    "a filter on `{from}` does not reach `{to}`, because the relationship {relationship} is inactive"
                ),
                format!("Make the relationship {relationship} active."),
            ),
            None if reversed => (
                format!("a filter on `{from}` does not reach `{to}`; the relationship filters in the other direction"),
                format!("Let the relationship filter from `{from}` to `{to}`, or in both directions."),
            ),
            None => (
                format!("a filter on `{from}` does not reach `{to}`, because no active relationship leads there"),
                format!("Relate `{from}` to `{to}` as in the report's own model."),
            ),
        };
        let missing = Missing::of_relationship(&from, &to, problem, remedy);
        self.add(site, finding(site, &UsedAs::Query, missing));
    }

    fn no_common_table(&mut self, site: &Site, a: &str, b: &str) {
        let (a, b) = (shown(self.model, a), shown(self.model, b));
        let problem = format!("the visual shows columns of `{a}` and `{b}`, which no relationship connects");
        let remedy = format!("Relate `{a}` and `{b}` as in the report's own model.");
        let missing = Missing::of_relationship(&a, &b, problem, remedy)
            .with_effect("The visual shows an error: the relationship between its fields is not known.");
        self.add(site, finding(site, &UsedAs::Query, missing));
    }
}
