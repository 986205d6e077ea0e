//! From arguments to an exit code.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;

use crate::arguments::{Arguments, Command};
use crate::catalog::{self, Verdict};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::source::LoadedCatalog;
use crate::terminal::Style;
use crate::{check, doctor, explain, init, jobs, record};

/// Carries out a command. If that fails, the error goes to the standard error.
pub async fn run(arguments: &Arguments) -> Exit {
    match work(arguments).await {
        Ok(exit) => exit,
        Err(error) => {
            let _ = writeln!(io::stderr(), "dynabind: {error}");
            Exit::Failed
        }
    }
}

async fn work(arguments: &Arguments) -> Result<Exit, String> {
    match &arguments.command {
        Command::Check(check) => check_catalog(arguments.json, check).await,
        Command::Explain(explain) => explain_request(arguments.json, explain).await,
        Command::Doctor(doctor) => see_doctor(arguments.json, doctor).await,
        Command::Init(init) => init::run(init).await,
        Command::Token(token) => show(Box::pin(jobs::token(token)).await?),
        Command::Config(config) => show(Box::pin(jobs::config(config)).await?),
        Command::Datasets(datasets) => show(Box::pin(jobs::datasets(datasets)).await?),
        Command::Record(record) => record::run(record).await,
        Command::Catalog(catalog) => move_catalog(arguments.json, catalog).await,
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Arguments::command(), "dynabind", &mut io::stdout());
            Ok(Exit::Good)
        }
        Command::Man { dir } => manual_pages(dir).map_err(|error| format!("{}: {error}", dir.display())),
    }
}

async fn check_catalog(json: bool, arguments: &check::Arguments) -> Result<Exit, String> {
    let loaded = LoadedCatalog::read(&arguments.catalog).await.map_err(|error| error.to_string())?;
    let connection = Connection::open(&arguments.connection).await?;
    let report = check::check(&connection, &loaded, &arguments.options).await?;
    if let Some(path) = &arguments.options.junit {
        check::suite(&report).write(path)?;
    }
    let mut out = io::stdout().lock();
    let written =
        if json { print_json(&report, &mut out) } else { check::print(&report, Style::of_stdout(), &mut out) };
    written.map_err(|error| error.to_string())?;
    Ok(Exit::of(report.findings.is_empty()))
}

async fn see_doctor(json: bool, arguments: &doctor::Arguments) -> Result<Exit, String> {
    let steps = doctor::diagnose(arguments).await?;
    if let Some(path) = &arguments.options.junit {
        doctor::suite(&steps).write(path)?;
    }
    let mut out = io::stdout().lock();
    let written = if json { print_json(&steps, &mut out) } else { doctor::print(&steps, Style::of_stdout(), &mut out) };
    written.map_err(|error| error.to_string())?;
    Ok(doctor::exit(&steps))
}

fn show((answer, exit): (serde_json::Value, Exit)) -> Result<Exit, String> {
    print_json(&answer, &mut io::stdout().lock()).map_err(|error| error.to_string())?;
    Ok(exit)
}

async fn explain_request(json: bool, arguments: &explain::Arguments) -> Result<Exit, String> {
    let explanation = explain::from_arguments(arguments).await?;
    let mut out = io::stdout().lock();
    let written = if json {
        print_json(&explanation, &mut out)
    } else {
        explain::print(&explanation, Style::of_stdout(), &mut out)
    };
    written.map_err(|error| error.to_string())?;
    Ok(Exit::of(explanation.allowed))
}

fn validate_catalog(json: bool, file: &Path, junit: Option<&Path>) -> Result<Exit, String> {
    let validation = catalog::validate(file).map_err(|error| error.to_string())?;
    if let Some(path) = junit {
        validation.suite().write(path)?;
    }
    let mut out = io::stdout().lock();
    let written = if json { print_json(&validation, &mut out) } else { validation.print(&mut out) };
    written.map_err(|error| error.to_string())?;
    Ok(Exit::of(validation.findings.is_empty()))
}

async fn move_catalog(json: bool, arguments: &catalog::Arguments) -> Result<Exit, String> {
    if let catalog::Command::Validate { file, junit } = &arguments.command {
        return validate_catalog(json, file, junit.as_deref());
    }
    let client = catalog::connect(arguments.command.endpoint_url()).await.map_err(|error| error.to_string())?;
    let verdict = catalog::run(&arguments.command, &client, &mut io::stdout().lock()).await;
    verdict.map(|verdict| Exit::of(verdict == Verdict::Good)).map_err(|error| error.to_string())
}

pub(crate) fn print_json(value: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", serde_json::to_string_pretty(value)?)
}

/// Writes one page for the command and one for each subcommand.
fn manual_pages(dir: &Path) -> io::Result<Exit> {
    let mut command = Arguments::command();
    command.build();
    clap_mangen::generate_to(command, dir)?;
    Ok(Exit::Good)
}
