//! Suggestions: the field of the model that was probably meant.

use crate::model::{ModelDefinition, Table};
use crate::names::{Wanted, fold};
use crate::report::Reference;

/// The most similar column or measure. The same table is preferred to the others.
pub(super) fn similar_field(model: &ModelDefinition, table: &str, name: &str, measure: bool) -> Option<String> {
    let home = fold(table);
    let wanted = Wanted::new(name)?;
    let tables = model.tables.iter().filter(|table| !table.for_variations);
    let candidates = tables.flat_map(|table| {
        let is_home = fold(&table.name) == home;
        let wanted = &wanted;
        names(table, measure).filter_map(move |candidate| {
            // In another table, only a column of the same name is suggested.
            let difference = if is_home || measure { wanted.difference(candidate)? } else { 0 };
            let is_similar = is_home || measure || wanted.is(candidate);
            is_similar.then_some((difference, !is_home, table, candidate))
        })
    });
    let best = candidates.min_by_key(|(difference, elsewhere, ..)| (*difference + usize::from(*elsewhere), *elsewhere));
    best.map(|(.., table, name)| format!("{}[{name}]", table.name))
}

fn names(table: &Table, measure: bool) -> Box<dyn Iterator<Item = &str> + '_> {
    if measure {
        Box::new(table.measures.iter().map(|measure| measure.name.as_str()))
    } else {
        Box::new(table.columns.iter().map(|column| column.name.as_str()))
    }
}

pub(super) fn similar_hierarchy(table: &Table, name: &str) -> Option<String> {
    let names = table.hierarchies.iter().map(|hierarchy| hierarchy.name.as_str());
    similar_name(name, names).map(|name| format!("{}[{name}]", table.name))
}

/// The new name of a missing table: the table of a similar name. For a column, only a table that has the column.
pub(super) fn similar_table(model: &ModelDefinition, reference: &Reference) -> Option<String> {
    let visible = || model.tables.iter().filter(|table| !table.for_variations);
    let named = similar_name(reference.table(), visible().map(|table| table.name.as_str()));
    match reference {
        Reference::Column { name, .. } | Reference::DateHierarchy { column: name, .. } => {
            let table = named.and_then(|table| model.table(table)).filter(|table| table.column(name).is_some());
            let column = table.and_then(|table| Some((table, table.column(name)?)));
            column.map(|(table, column)| format!("{}[{}]", table.name, column.name))
        }
        _ => named.map(str::to_owned),
    }
}

/// The most similar of some names.
pub(super) fn similar_name<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = Wanted::new(wanted)?;
    let rated = names.filter_map(|name| Some((wanted.difference(name)?, name)));
    rated.min_by_key(|(difference, _)| *difference).map(|(_, name)| name)
}
