//! What a plan changes, for people.

use std::collections::BTreeMap;
use std::io;

use dynabind::catalog::item::ItemKey;

use crate::catalog::item::Items;
use crate::catalog::plan::{Plan, Stage, Write};

/// Prints one line for each entry that is added, changed or removed. A changed entry is printed with its old and new text.
pub(crate) fn print(plan: &Plan, old: &Items, new: &Items, out: &mut dyn io::Write) -> io::Result<()> {
    let (before, after) = (by_name(old), by_name(new));
    for write in Stage::ALL.iter().flat_map(|stage| plan.of(*stage)) {
        let name = name_of(write.key());
        match write {
            Write::Put(key, item) => match before.get(&name) {
                None => writeln!(out, "+ {name}")?,
                Some(was) if old[*was].entry == item.entry => {
                    let is_copied = old[*was].versions == item.versions;
                    let what = if is_copied { "its copies of entries change" } else { "what it names changes" };
                    writeln!(out, "~ {name} ({what})")?;
                }
                Some(was) => {
                    writeln!(out, "~ {name}\n    - {}\n    + {}", old[*was].entry, new[key].entry)?;
                }
            },
            Write::Delete(key) => match after.get(&name) {
                None => writeln!(out, "- {name}")?,
                // The line of the changed entry covers this deletion.
                Some(now) if !old.contains_key(*now) => {}
                Some(_) => writeln!(out, "- {name} (version {} is left over)", version_of(key))?,
            },
        }
    }
    Ok(())
}

/// The key of each entry's item; of several versions, the last one.
fn by_name(items: &Items) -> BTreeMap<String, &ItemKey> {
    items.keys().map(|key| (name_of(key), key)).collect()
}

fn name_of(key: &ItemKey) -> String {
    match key {
        ItemKey::Tenant(name) => format!("tenant {name}"),
        ItemKey::Report(key, _) => format!("report {key}"),
        ItemKey::Dataset(key, _) => format!("dataset {key}"),
    }
}

fn version_of(key: &ItemKey) -> &str {
    match key {
        ItemKey::Tenant(_) => "",
        ItemKey::Report(_, version) | ItemKey::Dataset(_, version) => version.as_str(),
    }
}
