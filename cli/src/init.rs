//! `dynabind init`: writes a first catalog from what the service principal can see.

mod seen;
mod write;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dynabind::domain::AccessToken;
use dynabind::domain::{DatasetId, ReportId, TenantKey, WorkspaceId};
use dynabind::ports::{ActorKey, ListedDataset, ListedReport, PowerBi};
use dynabind::request::RequestContext;
use preflight::{ModelDefinition, ReportDefinition};

use crate::catalog::{Progress, from_json};
use crate::connection::session::TokenSession;
use crate::connection::{Connection, ConnectionArguments};
use crate::exit::Exit;
use crate::fabric::Fabric;
use seen::{Seen, Workspace};

/// The source and the file.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Credentials and addresses.
    #[command(flatten)]
    pub connection: ConnectionArguments,
    /// The file to write, which must not exist.
    #[arg(long, value_name = "FILE", default_value = "catalog.json")]
    pub file: PathBuf,
    /// Accept every proposal without asking.
    #[arg(long)]
    pub yes: bool,
}

/// Writes a catalog.
///
/// # Errors
/// The error says why no catalog is written.
pub async fn run(arguments: &Arguments) -> Result<Exit, String> {
    if arguments.file.exists() {
        return Err(format!("{} exists; choose another --file", arguments.file.display()));
    }
    let connection = Connection::open(&arguments.connection).await?;
    let mut seen = look(&connection).await?;
    fit(&connection, &mut seen).await;
    let names = if arguments.yes { BTreeMap::new() } else { ask_for_names(&seen, &mut io::stdin().lock())? };
    let text = write::catalog(&seen, &names);
    // Only a catalog that the functions accept is written.
    from_json(&text).map_err(|faults| format!("the proposal is not a valid catalog: {faults:?}"))?;
    std::fs::write(&arguments.file, &text).map_err(|error| format!("{}: {error}", arguments.file.display()))?;
    let mut err = io::stderr();
    for note in &seen.notes {
        let _ = writeln!(err, "note: {note}");
    }
    let shown = arguments.file.display();
    let _ = writeln!(err, "{shown} is written; review it, then run: dynabind check --catalog {shown}");
    Ok(Exit::Good)
}

async fn look(connection: &Connection) -> Result<Seen, String> {
    let context = Arc::new(RequestContext::begin(None));
    let access = connection.tokens.get(&context, None, &|| Ok(())).await.map_err(|error| error.to_string())?;
    let groups = connection.rest.get("v1.0/myorg/groups?%24top=5000", None).await;
    let groups = groups.map_err(|error| format!("the workspaces cannot be listed: {error}"))?;
    let (mut workspaces, mut notes) = (Vec::new(), Vec::new());
    let listed = groups.body["value"].as_array().cloned().unwrap_or_default();
    let mut progress = Progress::new("workspaces", listed.len());
    for group in listed {
        progress.add(1);
        let Some(id) = group["id"].as_str().and_then(|id| id.parse().ok()) else { continue };
        let name = group["name"].as_str().unwrap_or("workspace").to_owned();
        match contents(connection, &access, id).await {
            Ok((reports, datasets)) => workspaces.push(Workspace { id, name, reports, datasets }),
            Err(error) => notes.push(format!("workspace {name} is left out: {error}")),
        }
    }
    Ok(Seen { workspaces, fits: BTreeMap::new(), roles: BTreeMap::new(), notes })
}

async fn contents(
    connection: &Connection,
    access: &AccessToken,
    workspace: WorkspaceId,
) -> Result<(Vec<ListedReport>, Vec<ListedDataset>), dynabind::upstream::UpstreamError> {
    let (session, powerbi) = (TokenSession::new(ActorKey::Service, access), &connection.powerbi);
    Ok((powerbi.reports(&session, workspace).await?, powerbi.datasets(&session, workspace).await?))
}

/// Compares each report with each dataset. If a definition is missing, the report fits only its own dataset.
async fn fit(connection: &Connection, seen: &mut Seen) {
    let fabric = connection.fabric.as_ref().map(Fabric);
    let (mut reports, mut models) = (Vec::new(), BTreeMap::new());
    for workspace in &seen.workspaces {
        for report in workspace.reports.iter().filter(|report| !report.metadata.is_paginated) {
            let definition = read_report(fabric, workspace.id, report.id).await;
            note(&mut seen.notes, &report.metadata.name, definition.as_ref().err());
            reports.push((report, definition.ok()));
        }
        for dataset in &workspace.datasets {
            let definition = read_model(fabric, workspace.id, dataset.id).await;
            note(&mut seen.notes, &dataset.name, definition.as_ref().err());
            models.insert(dataset.id, definition.ok());
        }
    }
    for (id, model) in models {
        let is_fit = |(report, definition): &&(&ListedReport, Option<ReportDefinition>)| match (definition, &model) {
            (Some(definition), Some(model)) => preflight::compare(definition, model).findings.is_empty(),
            _ => report.metadata.own_dataset == Some(id),
        };
        let fitting = reports.iter().filter(is_fit).map(|(report, _)| report.id).collect();
        seen.fits.insert(id, fitting);
        let roles = model.as_ref().and_then(|model| model.role_names()).unwrap_or_default();
        seen.roles.insert(id, roles.to_vec());
    }
}

fn note(notes: &mut Vec<String>, name: &str, error: Option<&String>) {
    notes.extend(error.map(|error| format!("{name} is granted only with its own report or dataset: {error}")));
}

async fn read_report(
    fabric: Option<Fabric<'_>>,
    workspace: WorkspaceId,
    id: ReportId,
) -> Result<ReportDefinition, String> {
    let fabric = fabric.ok_or("Fabric's address in this cloud is not known")?;
    let parts = fabric.report(workspace, id).await.map_err(|error| error.to_string())?;
    ReportDefinition::from_parts(&parts).map_err(|error| error.to_string())
}

async fn read_model(
    fabric: Option<Fabric<'_>>,
    workspace: WorkspaceId,
    id: DatasetId,
) -> Result<ModelDefinition, String> {
    let fabric = fabric.ok_or("Fabric's address in this cloud is not known")?;
    let text = fabric.model(workspace, id).await.map_err(|error| error.to_string())?;
    ModelDefinition::from_tmsl(&text).map_err(|error| error.to_string())
}

/// Asks for the tenants' names by workspace. A workspace with an empty name is left out.
fn ask_for_names(seen: &Seen, answers: &mut dyn BufRead) -> Result<BTreeMap<WorkspaceId, String>, String> {
    let mut names = BTreeMap::new();
    for workspace in seen.workspaces.iter().filter(|workspace| !workspace.datasets.is_empty()) {
        let proposal = write::numbered(&write::slug(&workspace.name), |name| names.values().any(|taken| taken == name));
        let (name, count) = (&workspace.name, workspace.datasets.len());
        let question = format!("Tenant of workspace {name} ({count} datasets) [{proposal}; - for none]: ");
        let chosen = loop {
            let _ = write!(io::stderr(), "{question}");
            match chosen(&line_of(answers)?, &proposal, &names) {
                Ok(chosen) => break chosen,
                Err(because) => drop(writeln!(io::stderr(), "{because}")),
            }
        };
        names.insert(workspace.id, chosen);
    }
    Ok(names)
}

fn line_of(answers: &mut dyn BufRead) -> Result<String, String> {
    let mut line = String::new();
    let length = answers.read_line(&mut line).map_err(|error| error.to_string())?;
    if length == 0 {
        return Err("the input ends before every question is answered; --yes accepts every proposal".to_owned());
    }
    Ok(line)
}

/// The tenant's name from an answer, or why the answer is not valid.
fn chosen(answer: &str, proposal: &str, taken: &BTreeMap<WorkspaceId, String>) -> Result<String, String> {
    let name = match answer.trim() {
        "" => proposal,
        "-" => return Ok(String::new()),
        other => other,
    };
    if let Err(error) = name.parse::<TenantKey>() {
        return Err(format!("`{name}` is not a valid tenant name: {error}"));
    }
    if taken.values().any(|known| known == name) {
        return Err(format!("`{name}` is the tenant of another workspace; each workspace needs a separate tenant"));
    }
    Ok(name.to_owned())
}
