//! What is checked: the bindings that each grant allows, with a sample caller for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use dynabind::domain::{
    BindingRequest, Caller, DatasetId, DatasetKey, Grant, Mode, Report, ReportId, ReportKey, Tenant, WorkspaceId,
};
use dynabind::ports::ListedDataset;
use serde_json::{Map, Value, json};

use super::finding::About;
use crate::caller::caller;
use crate::source::LoadedCatalog;

/// One binding that a grant allows.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) grant: usize,
    pub(crate) request: BindingRequest,
    /// The report's entry; `None` in mode `create`.
    pub(crate) report: Option<Arc<Report>>,
    pub(crate) dataset: (DatasetKey, DatasetId, WorkspaceId),
}

impl Subject {
    pub(crate) fn about(&self, loaded: &LoadedCatalog) -> About {
        About {
            tenant: Some(self.tenant.name.clone()),
            report: self.request.report.as_ref().map(ToString::to_string),
            dataset: Some(self.dataset.0.to_string()),
            place: Some(loaded.place(&["tenants", &self.tenant.name, "grants", &self.grant.to_string()])),
        }
    }
}

/// The bindings of a grant. `listed` has the datasets of the workspaces that the grants open.
pub(crate) fn of_grant(
    loaded: &LoadedCatalog,
    tenant: &Arc<Tenant>,
    index: usize,
    listed: &[(WorkspaceId, Vec<ListedDataset>)],
    only: Option<&ReportKey>,
) -> Vec<Subject> {
    let grant = &tenant.grants[index];
    let datasets = datasets_of(loaded, grant, listed);
    let reports: Vec<_> = grant.reports.iter().filter(|key| only.is_none_or(|only| only == *key)).collect();
    let mut subjects = Vec::new();
    for mode in &grant.modes {
        for (key, id, workspace) in &datasets {
            let subject = |report: Option<(&ReportKey, &Arc<Report>)>| Subject {
                tenant: Arc::clone(tenant),
                grant: index,
                request: BindingRequest {
                    report: report.map(|(key, _)| key.clone()),
                    dataset: Some(key.clone()),
                    mode: *mode,
                },
                report: report.map(|(_, report)| Arc::clone(report)),
                dataset: (key.clone(), *id, *workspace),
            };
            if *mode == Mode::Create {
                subjects.extend(only.is_none().then(|| subject(None)));
            } else {
                let found = reports.iter().filter_map(|key| Some((*key, loaded.catalog.reports.get(*key)?)));
                subjects.extend(found.map(|found| subject(Some(found))));
            }
        }
    }
    subjects
}

type NamedDataset = (DatasetKey, DatasetId, WorkspaceId);

fn datasets_of(
    loaded: &LoadedCatalog,
    grant: &Grant,
    listed: &[(WorkspaceId, Vec<ListedDataset>)],
) -> Vec<NamedDataset> {
    let entry = |key: &DatasetKey| {
        let dataset = loaded.catalog.datasets.get(key)?;
        Some((key.clone(), dataset.id, dataset.workspace))
    };
    let opened = listed.iter().filter(|(workspace, _)| grant.workspaces.contains(workspace));
    let of_workspaces =
        opened.flat_map(|(workspace, list)| list.iter().map(|item| (item.id.into(), item.id, *workspace)));
    grant.datasets.iter().filter_map(entry).chain(of_workspaces).collect()
}

/// The sample caller of a tenant. It is in these groups, unless the given claims have groups.
pub(crate) fn sample(
    given: &Map<String, Value>,
    tenant: &Tenant,
    groups: &BTreeSet<&String>,
    (tenant_claim, groups_claim): (&str, &str),
) -> Option<Caller> {
    let mut claims = given.clone();
    claims.entry("sub").or_insert_with(|| json!("dynabind-check"));
    claims.insert(tenant_claim.to_owned(), json!(tenant.name));
    claims.entry(groups_claim).or_insert_with(|| json!(groups));
    caller(&claims, tenant_claim, groups_claim).ok()
}

/// The groups that a grant names.
pub(crate) fn groups_of(grant: &Grant) -> impl Iterator<Item = &String> {
    grant.groups.iter().flatten()
}

/// The places of items, from Power BI's lists.
pub(crate) struct Listed<'l> {
    pub(crate) lists: &'l [(WorkspaceId, Vec<ListedDataset>)],
    pub(crate) own: &'l (dyn Fn(ReportId) -> Option<DatasetId> + Sync),
}

impl crate::decision::Places for Listed<'_> {
    fn dataset(&self, id: DatasetId, workspaces: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId> {
        let holds = |(workspace, list): &&(WorkspaceId, Vec<ListedDataset>)| {
            workspaces.contains(workspace) && list.iter().any(|item| item.id == id)
        };
        self.lists.iter().find(holds).map(|(workspace, _)| *workspace)
    }

    fn report(&self, _: ReportId, _: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId> {
        None
    }

    fn own_dataset(&self, report: ReportId) -> Option<DatasetId> {
        (self.own)(report)
    }
}

/// The text of a template that names no claim; otherwise `None`.
pub(crate) fn literal(template: &str) -> Option<String> {
    let without_escapes = template.replace("{{", "");
    (!without_escapes.contains('{')).then(|| template.replace("{{", "{"))
}
