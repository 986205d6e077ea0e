//! The four subcommands of `dynabind catalog`.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use dynabind::catalog::item::ItemKey;
use dynabind::json::JsonFault;

use crate::catalog::arguments::{CheckFirst, Command, is_standard};
use crate::catalog::content;
use crate::catalog::item::Items;
use crate::catalog::plan::{Plan, Stage};
use crate::catalog::table::Table;
use crate::catalog::{LoaderError, diff, validate};
use crate::check::{self, Options};
use crate::connection::Connection;
use crate::source::{CatalogPlace, LoadedCatalog};
use crate::terminal::Style;

/// What a command found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The command succeeded, and there are no faults or differences.
    Good,
    /// The file has faults, file and table differ, or the user did not confirm.
    Bad,
}

/// Carries out a command.
///
/// # Errors
/// The error says why it could not be carried out. Faults of the file are a verdict, not an error.
pub async fn run(command: &Command, client: &Client, out: &mut dyn Write) -> Result<Verdict, LoaderError> {
    match command {
        Command::Validate { file, .. } => {
            let validation = validate(file)?;
            validation.print(out)?;
            Ok(if validation.findings.is_empty() { Verdict::Good } else { Verdict::Bad })
        }
        Command::Diff { place, file } => {
            let Some(new) = from_file(file, out)? else { return Ok(Verdict::Bad) };
            let old = Table { client, name: &place.table }.read().await?;
            let plan = Plan::new(&old, &new);
            diff::print(&plan, &old, &new, out)?;
            Ok(if plan.is_empty() { Verdict::Good } else { Verdict::Bad })
        }
        Command::Pull { place, file } => pull(&Table { client, name: &place.table }, file, out).await,
        Command::Push { place, file, dry_run, yes, settle_seconds, first } => {
            let Some(new) = from_file(file, out)? else { return Ok(Verdict::Bad) };
            let table = Table { client, name: &place.table };
            let old = table.read().await?;
            let plan = Plan::new(&old, &new);
            if *dry_run {
                diff::print(&plan, &old, &new, out)?;
            }
            writeln!(out, "{}", plan.summary())?;
            if *dry_run || plan.is_empty() {
                return Ok(Verdict::Good);
            }
            if first.check && is_broken(&plan, file, first, out).await? {
                writeln!(out, "nothing is written: correct the findings, or push without --check")?;
                return Ok(Verdict::Bad);
            }
            if !*yes && !confirmed(&place.table)? {
                return Ok(Verdict::Bad);
            }
            write(&table, &plan, Duration::from_secs(*settle_seconds)).await?;
            writeln!(out, "done")?;
            Ok(Verdict::Good)
        }
    }
}

/// Whether a check of the tenants that change has findings. The findings are printed.
async fn is_broken(plan: &Plan, file: &Path, first: &CheckFirst, out: &mut dyn Write) -> Result<bool, LoaderError> {
    let name = |write: &&super::Write| match write.key() {
        ItemKey::Tenant(name) => Some(name.to_string()),
        _ => None,
    };
    let tenant: Vec<_> = plan.of(Stage::PutTenants).iter().filter_map(name).collect();
    if tenant.is_empty() {
        return Ok(false);
    }
    let CheckFirst { caller, scenario, user_jwt, connection, .. } = first;
    let (caller, user_jwt, scenario) = (caller.clone(), user_jwt.clone(), *scenario);
    let options = Options { tenant, caller, scenario, user_jwt, max_tokens: usize::MAX, ..Options::default() };
    let loaded = LoadedCatalog::read(&CatalogPlace::File(file.to_owned())).await;
    let loaded = loaded.map_err(|error| LoaderError::Unchecked(error.to_string()))?;
    let connection = Connection::open(connection).await.map_err(LoaderError::Unchecked)?;
    let report = check::check(&connection, &loaded, &options).await.map_err(LoaderError::Unchecked)?;
    check::print(&report, Style::default(), out)?;
    Ok(!report.findings.is_empty())
}

/// Writes stage by stage.
async fn write(table: &Table<'_>, plan: &Plan, settle: Duration) -> Result<(), LoaderError> {
    for stage in Stage::ALL {
        let writes = plan.of(stage);
        // A request that has read the old tenant may still have to read the entries that it names.
        let moved = !plan.of(Stage::PutTenants).is_empty() || !plan.of(Stage::DeleteTenants).is_empty();
        if stage == Stage::DeleteEntries && !writes.is_empty() && moved {
            tokio::time::sleep(settle).await;
        }
        table.write(&writes, stage.title()).await?;
    }
    Ok(())
}

async fn pull(table: &Table<'_>, file: &Path, out: &mut dyn Write) -> Result<Verdict, LoaderError> {
    let text = content::to_json(table.name, &table.read().await?)?;
    if is_standard(file) {
        out.write_all(text.as_bytes())?;
    } else {
        fs::write(file, &text).map_err(|source| at(file, source))?;
    }
    // Another tool may have written faults into the table. The file is written, so that they can be corrected in it.
    match content::from_json(&text) {
        Ok(_) => Ok(Verdict::Good),
        Err(faults) => {
            show_faults(table.name, &faults, &mut io::stderr())?;
            Ok(Verdict::Bad)
        }
    }
}

/// The file's items. If the file has faults, they are printed, and the result is `None`.
fn from_file(file: &Path, out: &mut dyn Write) -> Result<Option<Items>, LoaderError> {
    let text = fs::read_to_string(file).map_err(|source| at(file, source))?;
    match content::from_json(&text) {
        Ok(items) => Ok(Some(items)),
        Err(faults) => {
            show_faults(&file.display().to_string(), &faults, out)?;
            Ok(None)
        }
    }
}

fn show_faults(place: &str, faults: &[JsonFault], out: &mut dyn Write) -> io::Result<()> {
    faults.iter().try_for_each(|fault| writeln!(out, "{place}#{}: {}", fault.pointer, fault.detail))
}

fn at(file: &Path, source: io::Error) -> LoaderError {
    LoaderError::File { path: file.display().to_string(), source }
}

fn confirmed(table: &str) -> Result<bool, LoaderError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(LoaderError::NobodyToAsk);
    }
    write!(io::stderr(), "Write to table {table}? [y/N] ")?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
