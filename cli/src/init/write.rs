//! Makes the text of a catalog from what the service principal can see.

use std::collections::{BTreeMap, BTreeSet};

use dynabind::domain::{DatasetId, ReportId, WorkspaceId};
use dynabind::ports::ListedDataset;
use serde_json::{Map, Value, json};

use super::seen::Seen;

/// The catalog. `names` has the tenants' names by workspace. A workspace that is not in it becomes a tenant with the workspace's name.
pub(super) fn catalog(seen: &Seen, names: &BTreeMap<WorkspaceId, String>) -> String {
    let (mut reports, mut datasets, mut tenants) = (Map::new(), Map::new(), Map::new());
    let granted: BTreeSet<ReportId> = seen.fits.values().flatten().copied().collect();
    let mut keys = BTreeMap::new();
    for workspace in &seen.workspaces {
        for report in workspace.reports.iter().filter(|report| granted.contains(&report.id)) {
            let key = free(&reports, &slug(&report.metadata.name));
            let name = named(&report.metadata.name);
            reports.insert(key.clone(), json!({ "name": name, "workspaceId": workspace.id, "reportId": report.id }));
            keys.insert(report.id, key);
        }
    }
    for workspace in &seen.workspaces {
        let tenant = names.get(&workspace.id).cloned().unwrap_or_else(|| slug(&workspace.name));
        let mut grants = Vec::new();
        for dataset in workspace.datasets.iter().filter(|_| !tenant.is_empty()) {
            let fitting = reports_of(seen, dataset.id, &keys);
            if fitting.is_empty() {
                continue;
            }
            let key = free(&datasets, &slug(&dataset.name));
            datasets.insert(key.clone(), entry(seen, workspace.id, dataset));
            grants.push(json!({ "reports": fitting, "datasets": [key] }));
        }
        if !grants.is_empty() {
            let name = free(&tenants, &tenant);
            tenants.insert(name, json!({ "grants": grants }));
        }
    }
    let root = json!({ "reports": reports, "datasets": datasets, "tenants": tenants });
    serde_json::to_string_pretty(&root).unwrap_or_default() + "\n"
}

fn reports_of(seen: &Seen, dataset: DatasetId, keys: &BTreeMap<ReportId, String>) -> Vec<String> {
    let fitting = seen.fits.get(&dataset).into_iter().flatten();
    let keys: BTreeSet<_> = fitting.filter_map(|report| keys.get(report).cloned()).collect();
    keys.into_iter().collect()
}

fn entry(seen: &Seen, workspace: WorkspaceId, dataset: &ListedDataset) -> Value {
    let mut entry = json!({ "name": named(&dataset.name), "workspaceId": workspace, "datasetId": dataset.id });
    if dataset.metadata.identity_required == Some(true) {
        entry["identity"] = json!({ "username": "{email}" });
        let roles = seen.roles.get(&dataset.id).filter(|roles| !roles.is_empty());
        if let Some(roles) = roles.filter(|_| dataset.metadata.identity_roles_required) {
            // A brace in a role's name is escaped; otherwise it would begin a claim.
            let roles: Vec<_> = roles.iter().map(|role| role.replace('{', "{{")).collect();
            entry["identity"]["roles"] = json!(roles);
        }
    }
    entry
}

fn named(name: &str) -> &str {
    if name.trim().is_empty() { "Unnamed" } else { name }
}

/// A key from a name, with letters, digits and hyphens only.
pub(super) fn slug(name: &str) -> String {
    let sign = |sign: char| if sign.is_ascii_alphanumeric() { sign.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(sign).collect();
    let words: Vec<_> = words.split('-').filter(|word| !word.is_empty()).collect();
    let mut slug = words.join("-");
    slug.truncate(56);
    let slug = slug.trim_end_matches('-').to_owned();
    if slug.is_empty() { "item".to_owned() } else { slug }
}

/// The key; if it is taken, with a number.
fn free(taken: &Map<String, Value>, key: &str) -> String {
    numbered(key, |key| taken.contains_key(key))
}

/// The key; if it is taken, with the first number that makes it unique.
pub(super) fn numbered(key: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..=usize::MAX).map(|number| format!("{key}-{number}"));
    std::iter::once(key.to_owned()).chain(numbered).find(|key| !is_taken(key)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_a_key() {
        for (name, key) in [("Sales  Överview (v2)", "sales-verview-v2"), ("…", "item"), ("A", "a")] {
            assert_eq!(slug(name), key);
        }
        assert_eq!(slug(&"x".repeat(100)).len(), 56);
        let taken = Map::from_iter([("a".to_owned(), json!(1)), ("a-2".to_owned(), json!(1))]);
        assert_eq!((free(&taken, "a"), free(&taken, "b")), ("a-3".to_owned(), "b".to_owned()));
    }
}
