//! `dynabind doctor`: checks the steps of docs/power-bi-setup.md in order, up to the first that fails.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use crate::check::{CheckReport, Finding, Options, check};
use crate::connection::{Connection, ConnectionArguments};
use crate::exit::Exit;
use crate::junit::{Case, Failure, Suite};
use crate::source::{CatalogPlace, LoadedCatalog};
use crate::terminal::Style;

/// What to check.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The catalog: FILE or dynamodb:TABLE. Without a catalog, only the sign-in and the tenant settings are checked.
    #[arg(long, value_name = "CATALOG")]
    pub catalog: Option<CatalogPlace>,
    /// How to check.
    #[command(flatten)]
    pub options: Options,
    /// Credentials and addresses.
    #[command(flatten)]
    pub connection: ConnectionArguments,
}

/// The result of checking a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// No finding belongs to it.
    Good,
    /// A finding belongs to it, and it has to be done again.
    Failed,
    /// It could not be checked.
    NotChecked,
}

/// One step of docs/power-bi-setup.md.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepHealth {
    /// The number of the step.
    pub step: u8,
    /// Its title.
    pub title: &'static str,
    /// The result.
    pub health: Health,
    /// What is wrong and how to fix it, or why it could not be checked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

const EMPTY: &str = r#"{"reports":{},"datasets":{},"tenants":{}}"#;

const STEPS: [(u8, &str); 8] = [
    (1, "App registration, and its credential (step 9)"),
    (2, "Security group"),
    (3, "Tenant settings"),
    (4, "Workspaces"),
    (5, "Service principal profiles"),
    (6, "Capacity"),
    (7, "XMLA endpoint"),
    (8, "Reports and datasets"),
];

/// Checks the steps. The list ends with the first step that fails.
///
/// # Errors
/// The error says why nothing could be checked.
pub async fn diagnose(arguments: &Arguments) -> Result<Vec<StepHealth>, String> {
    if arguments.options.scenario.is_organization() {
        return Err("the eight steps belong to the customers scenario; for the organization scenario, use \
                    dynabind check --scenario organization"
            .to_owned());
    }
    let loaded = if let Some(place) = &arguments.catalog {
        LoadedCatalog::read(place).await
    } else {
        LoadedCatalog::parse("no catalog".to_owned(), EMPTY.to_owned())
    };
    let loaded = loaded.map_err(|error| error.to_string())?;
    let connection = Connection::open(&arguments.connection).await?;
    let report = check(&connection, &loaded, &arguments.options).await?;
    Ok(steps(&report, &loaded))
}

fn steps(report: &CheckReport, loaded: &LoadedCatalog) -> Vec<StepHealth> {
    let mut steps = Vec::new();
    for (step, title) in STEPS {
        let failed: Vec<_> = report.findings.iter().filter(|finding| step_of(&finding.code) == step).collect();
        if !failed.is_empty() {
            let notes = failed.into_iter().map(explained).collect();
            steps.push(StepHealth { step, title, health: Health::Failed, notes });
            break;
        }
        let because = unchecked(step, report, loaded);
        let health = if because.is_empty() { Health::Good } else { Health::NotChecked };
        steps.push(StepHealth { step, title, health, notes: because });
    }
    steps
}

/// The step that a finding belongs to.
fn step_of(code: &str) -> u8 {
    match code {
        "secret-malformed"
        | "identity-token-refused"
        | "credential-refused"
        | "sign-in-refused"
        | "certificate-expires"
        | "access-token-short" => 1,
        "tenant-setting-off" => 3,
        "workspace-not-visible" | "role-too-low" => 4,
        "profile-unknown" => 5,
        "workspace-not-on-capacity" | "capacity-not-active" => 6,
        _ => 8,
    }
}

fn explained(finding: &Finding) -> String {
    let item: Vec<_> = finding.report.iter().chain(&finding.dataset).map(String::as_str).collect();
    let item = if item.is_empty() { String::new() } else { format!("{}: ", item.join(" over ")) };
    let place = finding.places.first().map(|place| format!(" ({place})")).unwrap_or_default();
    format!("{item}{}{place}; {}", finding.problem, finding.remedy)
}

/// Why a step without findings could not be checked; empty if it is good.
fn unchecked(step: u8, report: &CheckReport, loaded: &LoadedCatalog) -> Vec<String> {
    let is_empty = loaded.catalog.tenants.is_empty();
    let of = |part: &str| {
        let of_part = report.not_checked.iter().filter(|unchecked| unchecked.what.contains(part));
        let mut causes: Vec<_> =
            of_part.map(|unchecked| format!("{}: {}", unchecked.what, unchecked.because)).collect();
        causes.sort();
        causes.dedup();
        causes
    };
    match step {
        2 => vec!["groups cannot be read through Power BI; step 3 fails if the group is wrong".to_owned()],
        4 | 6 | 8 if is_empty => vec!["no catalog is given".to_owned()],
        4 => of("role in workspace"),
        5 => of("profile"),
        6 => of("capacity"),
        7 if needs_xmla(loaded) => {
            vec![
                "the setting cannot be read through Power BI; the catalog needs it, and without it reports are blank"
                    .to_owned(),
            ]
        }
        8 => [of("token"), of("schema")].concat(),
        _ => Vec::new(),
    }
}

/// Whether the catalog has paginated reports or composite models.
fn needs_xmla(loaded: &LoadedCatalog) -> bool {
    loaded.catalog.reports.values().any(|report| report.reads_through_xmla())
        || loaded.catalog.datasets.values().any(|dataset| !dataset.also_needs.is_empty())
}

/// The exit of the command: findings, if a step has failed.
#[must_use]
pub fn exit(steps: &[StepHealth]) -> Exit {
    Exit::of(steps.iter().all(|step| step.health != Health::Failed))
}

/// One test case for each step. The steps after a failed one are skipped.
#[must_use]
pub fn suite(steps: &[StepHealth]) -> Suite {
    let case = |&(step, title): &(u8, &str)| {
        let name = format!("{step}. {title}");
        let case = Case { class: "docs/power-bi-setup.md".to_owned(), name, ..Case::default() };
        match steps.iter().find(|health| health.step == step) {
            None => Case { skipped: Some("an earlier step failed".to_owned()), ..case },
            Some(StepHealth { health: Health::Good, .. }) => case,
            Some(StepHealth { health: Health::NotChecked, notes, .. }) => {
                Case { skipped: Some(notes.join("; ")), ..case }
            }
            Some(StepHealth { health: Health::Failed, notes, .. }) => {
                let failure = |note: &String| Failure {
                    kind: format!("step-{step}"),
                    message: note.clone(),
                    text: format!("step {step} of docs/power-bi-setup.md"),
                };
                Case { failures: notes.iter().map(failure).collect(), ..case }
            }
        }
    };
    Suite { name: "dynabind doctor", cases: STEPS.iter().map(case).collect(), seconds: 0.0 }
}

/// Prints the steps.
///
/// # Errors
/// When the output cannot be written.
pub fn print(steps: &[StepHealth], style: Style, out: &mut dyn Write) -> io::Result<()> {
    for StepHealth { step, title, health, notes } in steps {
        let word = match health {
            Health::Good => style.good("good"),
            Health::Failed => style.bad("failed"),
            Health::NotChecked => style.unknown("not checked"),
        };
        writeln!(out, "{step}. {title}: {word}")?;
        for note in notes {
            writeln!(out, "     {note}")?;
        }
    }
    match steps.last() {
        Some(last) if last.health == Health::Failed => {
            writeln!(out, "\nRepeat step {} of docs/power-bi-setup.md, then run this command again.", last.step)
        }
        _ => Ok(()),
    }
}
