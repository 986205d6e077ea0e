//! The checks of `GET /datasets`: runs its code for a sample caller, and turns the problems that it lists into findings.

use std::collections::BTreeSet;
use std::sync::Arc;

use dynabind::domain::{DatasetKey, ReportKey, Tenant, WorkspaceId};
use dynabind::embedding::{DatasetsAnswer, EmbeddingError, ItemProblem};
use dynabind::request::RequestContext;
use dynabind::upstream::{UpstreamError, UpstreamErrorKind};

use super::finding::{About, Fault, Findings};
use super::run::{Checked, Run};
use super::subject::{Subject, groups_of, sample};
use super::workspaces;

pub(super) type Answer = Option<Result<DatasetsAnswer, EmbeddingError>>;

/// What `GET /datasets` answers to a caller who is in all groups of a tenant.
pub(super) async fn ask(run: &Run<'_>, tenant: &Tenant) -> Answer {
    let groups: BTreeSet<_> = tenant.grants.iter().flat_map(groups_of).collect();
    let reading = &run.options.caller;
    let sample = match &run.user {
        Some(user) => reading.caller(&run.claims).ok()?.with_assertion(Some(user.clone())),
        None => sample(&run.claims, tenant, &groups, (&reading.tenant_claim, &reading.groups_claim))?,
    };
    let context = Arc::new(RequestContext::begin(None));
    Some(run.app.embedding().datasets(&context, &sample, run.options.report.as_ref()).await)
}

/// Adds the problems of the answer as findings.
pub(super) async fn add(
    run: &Run<'_>,
    tenant: &Checked,
    subjects: &[Subject],
    answer: Answer,
    findings: &mut Findings,
) {
    let about = About { tenant: Some(tenant.tenant.name.clone()), ..About::default() };
    let answer = match answer {
        Some(Ok(answer)) => answer,
        Some(Err(EmbeddingError::NotEntitled)) => return,
        Some(Err(EmbeddingError::Upstream(error))) if !error.is_outage() => {
            return failed_workspaces(run, tenant, subjects, findings);
        }
        Some(Err(error)) => {
            return findings.skip(&about, "reports and datasets", &format!("the call of Power BI failed ({error:?})"));
        }
        None if !run.can_look() => return,
        None => return findings.skip(&about, "reports and datasets", "the sample claims identify no caller"),
    };
    for entry in &answer.reports {
        let workspace = run.loaded.catalog.reports.get(&entry.report).map(|report| report.workspace);
        for problem in &entry.problems {
            let item = Item { report: Some(&entry.report), dataset: None, workspace };
            add_problem(run, tenant, item, *problem, findings).await;
        }
    }
    for entry in &answer.datasets {
        for problem in &entry.problems {
            let item = Item { report: None, dataset: Some(&entry.dataset), workspace: Some(entry.workspace_id) };
            add_problem(run, tenant, item, *problem, findings).await;
        }
    }
}

/// Adds a finding for each workspace that could not be read, because `GET /datasets` gave no answer at all.
fn failed_workspaces(run: &Run<'_>, tenant: &Checked, subjects: &[Subject], findings: &mut Findings) {
    for subject in subjects {
        let of_report = subject.report.as_ref().map(|report| report.workspace);
        for workspace in [of_report, Some(subject.dataset.2)].into_iter().flatten() {
            let actor = run.actor_of(&tenant.tenant);
            if let Some(error) = run.connection.powerbi.failure_of(actor, workspace) {
                refused_workspace(run, &subject.about(run.loaded), workspace, &error, findings);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Item<'i> {
    report: Option<&'i ReportKey>,
    dataset: Option<&'i DatasetKey>,
    workspace: Option<WorkspaceId>,
}

async fn add_problem(run: &Run<'_>, tenant: &Checked, item: Item<'_>, problem: ItemProblem, findings: &mut Findings) {
    let about = about_of(run, tenant, item, problem);
    match problem {
        // The check of the token reports which claim is missing.
        ItemProblem::ClaimMissing => {}
        ItemProblem::CapacityUnknown => {
            findings.skip(&about, "the capacity of the workspace", "Power BI does not say whether it has one");
        }
        ItemProblem::LookupFailed => {
            let actor = run.actor_of(&tenant.tenant);
            let error = item.workspace.and_then(|workspace| run.connection.powerbi.failure_of(actor, workspace));
            match (item.workspace, error) {
                (Some(workspace), Some(error)) => refused_workspace(run, &about, workspace, &error, findings),
                _ => findings.skip(&about, "report or dataset", "the call of Power BI failed"),
            }
        }
        ItemProblem::DatasetNotFound | ItemProblem::ReportNotFound => {
            let moved = workspaces::moved(run, item.report, item.dataset).await;
            findings.add(&about, &not_found(problem, moved, run.looker_of(&about)));
        }
        _ => findings.add(&about, &known(problem)),
    }
}

/// Adds the granted workspaces that could not be listed.
pub(super) fn add_unlisted(run: &Run<'_>, tenant: &Checked, findings: &mut Findings) {
    let name = &tenant.tenant.name;
    for (workspace, error) in &tenant.unlisted {
        for (index, grant) in tenant.tenant.grants.iter().enumerate() {
            if !grant.workspaces.contains(workspace) {
                continue;
            }
            let named = &run.loaded.json["tenants"][name]["grants"][index]["workspaces"];
            let is_it = |value: &serde_json::Value| value.as_str().is_some_and(|id| id.parse() == Ok(*workspace));
            let at = named.as_array().and_then(|named| named.iter().position(is_it)).unwrap_or_default();
            let steps = ["tenants", name, "grants", &index.to_string(), "workspaces", &at.to_string()];
            let place = Some(run.loaded.place(&steps));
            let about = About { tenant: Some(name.clone()), place, ..About::default() };
            refused_workspace(run, &about, *workspace, error, findings);
        }
    }
}

fn refused_workspace(
    run: &Run<'_>,
    about: &About,
    workspace: WorkspaceId,
    error: &UpstreamError,
    findings: &mut Findings,
) {
    if error.is_outage() || error.kind == UpstreamErrorKind::CredentialsUnavailable {
        return findings.skip(about, &format!("workspace {workspace}"), &error.to_string());
    }
    let code = error.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    let fault = Fault {
        code: "workspace-not-visible".to_owned(),
        problem: format!("{} has no access to workspace {workspace}{code}", run.looker_of(about)),
        viewer_sees: "no report: the request for a token answers 502".to_owned(),
        remedy: if run.user.is_some() {
            format!("give the user access to the report and the dataset (step A of the setup): {}", error.explanation)
        } else {
            format!("add it to the workspace as Member (step 4 of the setup): {}", error.explanation)
        },
        ..Fault::default()
    };
    findings.add(about, &fault);
}

/// The place of an item's problem in the catalog.
fn about_of(run: &Run<'_>, tenant: &Checked, item: Item<'_>, problem: ItemProblem) -> About {
    let field = match problem {
        ItemProblem::ReportNotFound => "reportId",
        ItemProblem::DatasetNotFound => "datasetId",
        ItemProblem::WorkspaceNotOnCapacity | ItemProblem::CapacityUnknown | ItemProblem::LookupFailed => "workspaceId",
        _ if item.report.is_some() => "includeOwnDataset",
        _ => "identity",
    };
    let place = match (item.report, item.dataset) {
        (Some(key), _) => run.loaded.place(&["reports", key.as_str(), field]),
        (None, Some(key)) if run.loaded.catalog.datasets.contains_key(key) => {
            run.loaded.place(&["datasets", key.as_str(), field])
        }
        _ => run.loaded.place(&["tenants", &tenant.tenant.name, "grants"]),
    };
    About {
        tenant: Some(tenant.tenant.name.clone()),
        report: item.report.map(ToString::to_string),
        dataset: item.dataset.map(ToString::to_string),
        place: Some(place),
    }
}

fn not_found(problem: ItemProblem, moved: Option<WorkspaceId>, looker: &str) -> Fault {
    let (code, what) = match problem {
        ItemProblem::ReportNotFound => ("report-not-found", "report"),
        _ => ("dataset-not-found", "dataset"),
    };
    let (code, problem, remedy) = match moved {
        Some(workspace) => (
            format!("{what}-moved"),
            format!("the {what} is not in the catalog's workspace but in {workspace}"),
            format!("set its workspaceId to {workspace}"),
        ),
        None => (
            code.to_owned(),
            format!("the {what} is not in its workspace, or not visible to {looker}"),
            format!("correct the {what}'s id in the catalog, or give {looker} access to it"),
        ),
    };
    let viewer_sees = "no report: the request for a token or a config answers 502".to_owned();
    Fault { code, problem, viewer_sees, remedy, ..Fault::default() }
}

fn known(problem: ItemProblem) -> Fault {
    let (code, problem, viewer_sees, remedy) = match problem {
        ItemProblem::WorkspaceNotOnCapacity => (
            "workspace-not-on-capacity",
            "the workspace is not on a capacity; dynamic binding needs one",
            "a watermark at first, then no report: a workspace without a capacity has a limited number of trial tokens",
            "assign the workspace to an A, EM, P or F capacity (step 6 of the setup)",
        ),
        ItemProblem::IdentityRequired => (
            "identity-required",
            "the dataset has row-level security, and the catalog gives it no identity",
            "no report: /token and /config answer 502 upstream-rejected",
            "add `identity` to the dataset's entry, such as {\"username\": \"{email}\"}",
        ),
        ItemProblem::IdentityRolesRequired => (
            "identity-roles-required",
            "the dataset's row-level security needs roles, and the catalog's identity names none",
            "no report: /token and /config answer 502 upstream-rejected",
            "add `roles` to the entry's identity, with names of the model's roles",
        ),
        ItemProblem::IdentityNotSupported => (
            "identity-not-supported",
            "the catalog gives an identity, and the dataset has no row-level security",
            "no report: /token and /config answer 502 upstream-rejected",
            "remove `identity` from the dataset's entry, or add row-level security to the model",
        ),
        _ => ("lookup-failed", "the call of Power BI failed", "unknown", "check again later"),
    };
    Fault {
        code: code.to_owned(),
        problem: problem.to_owned(),
        viewer_sees: viewer_sees.to_owned(),
        remedy: remedy.to_owned(),
        ..Fault::default()
    }
}
