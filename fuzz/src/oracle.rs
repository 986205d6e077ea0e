//! What a catalog's grants name, read from its JSON alone: nothing here knows
//! how the product decides.

use std::collections::{BTreeSet, HashMap};

use dynabind::domain::TokenRequest;
use serde_json::Value;

/// What a caller's grants name.
#[derive(Debug, Default)]
pub struct Allowed {
    /// Ids of the reports.
    pub reports: BTreeSet<String>,
    /// Those of them that may be edited.
    pub editable: BTreeSet<String>,
    /// Ids of the datasets, with what those need as well.
    pub datasets: BTreeSet<String>,
    /// Those that a composite model brings along, which it does without an identity.
    pub needed: BTreeSet<String>,
    /// By the dataset's id, the user names under which it may go; `None` is no identity.
    pub usernames: HashMap<String, BTreeSet<Option<String>>>,
    /// Ids of the workspaces into which may be saved.
    pub save_to: BTreeSet<String>,
}

fn items(json: &Value) -> &[Value] {
    json.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts(json: &Value) -> impl Iterator<Item = &str> {
    items(json).iter().filter_map(Value::as_str)
}

fn id(json: &Value) -> String {
    json.as_str().unwrap().to_lowercase()
}

/// Whether one of a caller's groups is one of the grant's; `None` is whatever groups there are.
fn is_for(grant: &Value, groups: Option<&[&str]>) -> bool {
    match (grant["groups"].is_null(), groups) {
        (true, _) | (_, None) => true,
        (false, Some(groups)) => texts(&grant["groups"]).any(|group| groups.contains(&group)),
    }
}

/// What the grants of `tenant` name for a caller of these groups, the user
/// names written by `fill`.
#[must_use]
pub fn allowed(catalog: &Value, tenant: &str, groups: Option<&[&str]>, fill: impl Fn(&str) -> String) -> Allowed {
    let mut allowed = Allowed::default();
    for grant in items(&catalog["tenants"][tenant]["grants"]).iter().filter(|grant| is_for(grant, groups)) {
        for key in texts(&grant["reports"]) {
            let report = id(&catalog["reports"][key]["reportId"]);
            if texts(&grant["modes"]).any(|mode| mode == "edit") {
                allowed.editable.insert(report.clone());
            }
            allowed.reports.insert(report);
        }
        for key in texts(&grant["datasets"]) {
            let dataset = &catalog["datasets"][key];
            let username = dataset["identity"]["username"].as_str().map(&fill);
            allowed.usernames.entry(id(&dataset["datasetId"])).or_default().insert(username);
            allowed.datasets.insert(id(&dataset["datasetId"]));
            allowed.needed.extend(items(&dataset["alsoNeeds"]).iter().map(id));
        }
        allowed.datasets.extend(texts(&grant["workspaces"]).map(crate::recorder::dataset_of_workspace));
        allowed.save_to.extend(grant["saveTo"].as_str().map(str::to_lowercase));
    }
    allowed.datasets.extend(allowed.needed.iter().cloned());
    allowed
}

impl Allowed {
    /// Fails where a token request names anything else. Identities are compared
    /// only where `usernames` were filled as the caller's claims have them.
    pub fn assert_covers(&self, sent: &TokenRequest, identities: bool) {
        for (report, edit) in sent.reports() {
            assert!(self.reports.contains(&report.to_string()), "report {report} is not granted");
            assert!(!edit || self.editable.contains(&report.to_string()), "editing {report} is not granted");
        }
        for dataset in sent.datasets().keys() {
            assert!(self.datasets.contains(&dataset.to_string()), "dataset {dataset} is not granted");
        }
        for workspace in sent.target_workspaces() {
            assert!(self.save_to.contains(&workspace.to_string()), "saving to {workspace} is not granted");
        }
        let mut under_identity = BTreeSet::new();
        for scope in sent.identities() {
            for dataset in &scope.datasets {
                assert!(under_identity.insert(*dataset), "{dataset} goes under two identities");
                let usernames = self.usernames.get(&dataset.to_string());
                let username = Some(scope.identity.username.clone());
                let granted = usernames.is_some_and(|usernames| usernames.contains(&username));
                assert!(!identities || granted, "{dataset} goes under {username:?}");
            }
        }
        for dataset in sent.datasets().keys().filter(|dataset| !under_identity.contains(dataset)) {
            let dataset = dataset.to_string();
            let has_bare_entry = self.usernames.get(&dataset).is_none_or(|usernames| usernames.contains(&None));
            assert!(has_bare_entry || self.needed.contains(&dataset), "{dataset} goes without its entry's identity");
        }
    }
}
