//! Workspaces: whether their capacities are active, and which role the service principal has in them.

use std::collections::{BTreeMap, BTreeSet};

use dynabind::domain::{DatasetKey, ProfileId, ReportKey, WorkspaceId};
use dynabind::ports::{ActorKey, PowerBi};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::finding::{Fault, Findings};
use super::lists::{CAPACITIES, GROUPS};
use super::run::Run;
use super::subject::Subject;
use crate::caller::claims_of_jwt;
use crate::connection::session::TokenSession;
use secrecy::ExposeSecret;

/// How many workspaces are searched for an item that is not in the catalog's workspace.
const MAX_SEARCHED: usize = 100;

/// The workspaces of all bindings, by the profile that acts in them.
type ByActor<'s> = BTreeMap<Option<ProfileId>, BTreeMap<WorkspaceId, Vec<&'s Subject>>>;

pub(super) async fn check(run: &Run<'_>, subjects: &[Subject], findings: &mut Findings) {
    let mut by_actor = ByActor::new();
    for subject in subjects {
        let profile = subject.tenant.profile.filter(|_| run.user.is_none());
        let of_actor = by_actor.entry(profile).or_default();
        let of_report = subject.report.as_ref().map(|report| report.workspace);
        let workspaces: BTreeSet<_> = of_report.into_iter().chain([subject.dataset.2]).collect();
        for workspace in workspaces {
            of_actor.entry(workspace).or_default().push(subject);
        }
    }
    let states = capacity_states(run).await;
    for (profile, workspaces) in &by_actor {
        capacities(run, *profile, workspaces, &states, findings).await;
        // Access depends on the user's rights on the items, not on a role in the workspace.
        if run.user.is_none() {
            roles(run, *profile, workspaces, findings).await;
        }
    }
}

/// The state of each capacity that the service principal can see.
async fn capacity_states(run: &Run<'_>) -> Result<BTreeMap<String, String>, String> {
    let listed = run.lists.get(CAPACITIES, None).await.map_err(|error| error.to_string())?;
    let text = |value: &Value, field: &str| Some(value[field].as_str()?.to_lowercase());
    Ok(listed.iter().filter_map(|capacity| Some((text(capacity, "id")?, text(capacity, "state")?))).collect())
}

async fn capacities(
    run: &Run<'_>,
    profile: Option<ProfileId>,
    workspaces: &BTreeMap<WorkspaceId, Vec<&Subject>>,
    states: &Result<BTreeMap<String, String>, String>,
    findings: &mut Findings,
) {
    const WHAT: &str = "whether the capacity is active";
    let groups = run.lists.get(GROUPS, profile).await;
    let groups = groups.map(|listed| listed.iter().filter_map(capacity_of).collect::<BTreeMap<_, _>>());
    for (workspace, subjects) in workspaces {
        let capacity = match &groups {
            Ok(groups) => groups.get(workspace).cloned().ok_or("the list of workspaces does not contain it".to_owned()),
            Err(error) => Err(format!("the workspaces cannot be listed: {error}")),
        };
        for subject in subjects {
            let about = subject.about(run.loaded);
            let capacity = match &capacity {
                Ok(Some(capacity)) => capacity,
                // A workspace without a capacity, or one that is not visible, is a finding already.
                Ok(None) => continue,
                Err(_)
                    if subjects.iter().any(|subject| {
                        run.connection.powerbi.failure_of(run.actor_of(&subject.tenant), *workspace).is_some()
                    }) =>
                {
                    continue;
                }
                Err(because) => {
                    findings.skip(&about, WHAT, because);
                    continue;
                }
            };
            match states.as_ref().map(|states| states.get(capacity)) {
                Ok(Some(state)) if state == "active" => {}
                Ok(Some(state)) => findings.add(&about, &inactive(*workspace, capacity, state)),
                Ok(None) => findings.skip(&about, WHAT, "the capacity is not among those that the caller may see"),
                Err(error) => findings.skip(&about, WHAT, error),
            }
        }
    }
}

fn capacity_of(group: &Value) -> Option<(WorkspaceId, Option<String>)> {
    Some((group["id"].as_str()?.parse().ok()?, group["capacityId"].as_str().map(str::to_lowercase)))
}

fn inactive(workspace: WorkspaceId, capacity: &str, state: &str) -> Fault {
    Fault {
        code: "capacity-not-active".to_owned(),
        problem: format!("capacity {capacity} of workspace {workspace} is {state}"),
        viewer_sees: "an error inside the report's frame; Dynabind itself answers as usual".to_owned(),
        remedy: "resume the capacity, or assign the workspace to one that is active".to_owned(),
        ..Fault::default()
    }
}

async fn roles(
    run: &Run<'_>,
    profile: Option<ProfileId>,
    workspaces: &BTreeMap<WorkspaceId, Vec<&Subject>>,
    findings: &mut Findings,
) {
    let looks = workspaces.iter().map(|(workspace, subjects)| async move {
        let path = format!("v1.0/myorg/groups/{workspace}/users");
        (workspace, subjects, run.connection.rest.get(&path, profile).await)
    });
    let looks: Vec<_> = stream::iter(looks).buffer_unordered(run.connection.at_once).collect().await;
    let principal = object_id(run);
    for (workspace, subjects, users) in looks {
        let role = match (&users, &principal) {
            (Ok(answer), Some(id)) => role_of(&answer.body, id, profile).ok_or(
                "the list of its users does not contain the service principal, which may have access through a group"
                    .to_owned(),
            ),
            (Err(error), _) => Err(format!("its list of users cannot be read: {error}")),
            (_, None) => Err("the access token does not contain the service principal's object id".to_owned()),
        };
        for subject in subjects {
            let about = subject.about(run.loaded);
            let crosses = subject.report.as_ref().is_some_and(|report| report.workspace != subject.dataset.2);
            match &role {
                Ok(role) if role == "Viewer" || role == "None" || (role == "Contributor" && crosses) => {
                    findings.add(&about, &too_low(*workspace, role));
                }
                Ok(_) => {}
                Err(because) => findings.skip(&about, &format!("the role in workspace {workspace}"), because),
            }
        }
    }
}

fn too_low(workspace: WorkspaceId, role: &str) -> Fault {
    Fault {
        code: "role-too-low".to_owned(),
        problem: format!("the service principal has the role {role} in workspace {workspace}"),
        viewer_sees: "no report: Power BI refuses the token, and /token and /config answer 502".to_owned(),
        remedy: "make it a Member of the workspaces of both the report and the dataset (step 4 of the setup)"
            .to_owned(),
        ..Fault::default()
    }
}

/// The service principal's object id, from its own access token.
fn object_id(run: &Run<'_>) -> Option<String> {
    let claims = claims_of_jwt(run.access.value.expose_secret()).ok()?;
    let id = claims.get("oid").or_else(|| claims.get("sub"))?.as_str()?;
    Some(id.to_lowercase())
}

fn role_of(users: &Value, principal: &str, profile: Option<ProfileId>) -> Option<String> {
    let is_it = |user: &&Value| {
        let of_profile = user["profile"]["id"].as_str().map(str::to_lowercase);
        let identifier = user["identifier"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(principal));
        identifier && of_profile == profile.map(|profile| profile.to_string())
    };
    let user = users["value"].as_array()?.iter().find(is_it)?;
    user["groupUserAccessRight"].as_str().map(str::to_owned)
}

/// The workspace that an item is in now, if it is visible and not where the catalog says.
pub(super) async fn moved(
    run: &Run<'_>,
    report: Option<&ReportKey>,
    dataset: Option<&DatasetKey>,
) -> Option<WorkspaceId> {
    let report = report.and_then(|key| run.loaded.catalog.reports.get(key)).map(|report| report.id);
    let dataset = dataset.and_then(|key| run.loaded.catalog.datasets.get(key)).map(|dataset| dataset.id);
    let groups = run.lists.get(GROUPS, None).await.ok()?;
    let ids = groups.iter().filter_map(|group| group["id"].as_str()?.parse().ok());
    for workspace in ids.take(MAX_SEARCHED) {
        let actor = run.user.as_ref().map_or(ActorKey::Service, |user| ActorKey::User(user.user()));
        let (session, powerbi) = (TokenSession::new(actor, &run.access), &run.connection.powerbi);
        let is_here = match (report, dataset) {
            (Some(id), _) => {
                let list = powerbi.reports(&session, workspace).await.unwrap_or_default();
                list.iter().any(|listed| listed.id == id)
            }
            (None, Some(id)) => {
                let list = powerbi.datasets(&session, workspace).await.unwrap_or_default();
                list.iter().any(|listed| listed.id == id)
            }
            (None, None) => false,
        };
        if is_here {
            return Some(workspace);
        }
    }
    None
}
