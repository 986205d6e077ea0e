//! `dynabind check`: holds every grant of a catalog against Power BI, before a viewer does.
//!
//! The inexpensive checks are those of `GET /datasets`, by its own code. Beyond them: `credentials`, `workspaces`
//! (capacities and roles), `tokens` (`GenerateToken` with the functions' requests) and `schema` (definitions).

mod arguments;
pub(crate) mod credentials;
mod finding;
mod inexpensive;
mod junit;
mod print;
mod report;
mod run;
mod schema;
mod state;
mod subject;
mod tokens;
mod workspaces;

use std::collections::BTreeSet;
use std::sync::Arc;

use dynabind::domain::Tenant;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::catalog::Progress;
use crate::connection::Connection;
use crate::source::LoadedCatalog;
pub use arguments::{Arguments, Options};
pub use finding::{About, Fault, Finding, Findings, Unchecked};
pub use junit::write as write_junit;
pub use print::print;
pub use report::{CheckReport, Summary};
use run::{Checked, Run};
use state::State;
use subject::Subject;

/// Checks a catalog.
///
/// # Errors
/// Why it could not be checked.
pub async fn check(connection: &Connection, loaded: &LoadedCatalog, options: &Options) -> Result<CheckReport, String> {
    let started = Instant::now();
    let mut findings = Findings::default();
    let claims = options.caller.read()?;
    let (mut summary, mut bindings) = (Summary::default(), Vec::new());
    if let Some(access) = credentials::check(connection, &mut findings).await? {
        let (app, state) =
            (connection.app(loaded), State::open(options.state.as_deref(), &run_id(connection, loaded))?);
        let run = Run { connection, loaded, options, claims, app, access, state };
        let subjects = check_tenants(&run, &mut findings).await?;
        run.state.end();
        bindings = subjects.iter().map(binding_of).collect();
        summary = summary_of(&subjects);
    }
    bindings.dedup();
    let (calls, throttled) = (connection.gate.calls(), connection.gate.throttled());
    let summary = Summary { calls, throttled, seconds: started.elapsed().as_secs_f64(), ..summary };
    Ok(CheckReport { summary, findings: findings.findings, not_checked: findings.unchecked, bindings })
}

/// What a kept state belongs to.
fn run_id(connection: &Connection, loaded: &LoadedCatalog) -> String {
    let place = format!("{}\n{}\n{}", connection.settings.endpoints.powerbi, connection.credential_place, loaded.text);
    state::sha256(&place)
}

fn binding_of(subject: &Subject) -> (String, Option<String>, String) {
    let report = subject.request.report.as_ref().map(ToString::to_string);
    (subject.tenant.name.clone(), report, subject.dataset.0.to_string())
}

fn summary_of(subjects: &[Subject]) -> Summary {
    let count = |mut keys: Vec<String>| {
        keys.sort();
        keys.dedup();
        keys.len()
    };
    Summary {
        grants: count(subjects.iter().map(|s| format!("{} {}", s.tenant.name, s.grant)).collect()),
        bindings: subjects.len(),
        reports: count(subjects.iter().filter_map(|s| Some(s.report.as_ref()?.id.to_string())).collect()),
        datasets: count(subjects.iter().map(|s| s.dataset.1.to_string()).collect()),
        ..Summary::default()
    }
}

/// Checks the tenants in question, and returns their bindings.
async fn check_tenants(run: &Run<'_>, findings: &mut Findings) -> Result<Vec<Subject>, String> {
    let tenants = run.tenants()?;
    let mut checked = Vec::new();
    let mut subjects = Vec::new();
    let at_once = run.connection.at_once;
    let mut progress = Progress::new("tenants", tenants.len());
    let mut looks = stream::iter(tenants).map(|tenant| look_at(run, tenant)).buffered(at_once);
    while let Some((tenant, found)) = looks.next().await {
        let only = run.options.report.as_ref();
        let grants = 0..tenant.tenant.grants.len();
        let of_tenant: Vec<_> =
            grants.flat_map(|i| subject::of_grant(run.loaded, &tenant.tenant, i, &tenant.lists, only)).collect();
        inexpensive::add(run, &tenant, &of_tenant, found, findings).await;
        subjects.extend(of_tenant);
        checked.push(tenant);
        progress.add(1);
    }
    drop(progress);
    workspaces::check(run, &subjects, findings).await;
    tokens::check(run, &checked, &subjects, findings).await;
    if !run.options.no_schema {
        schema::check(run, &subjects, findings).await;
    }
    Ok(subjects)
}

async fn look_at(run: &Run<'_>, tenant: Arc<Tenant>) -> (Checked, inexpensive::Answer) {
    let workspaces = tenant.grants.iter().flat_map(|grant| grant.workspaces.iter().copied());
    let workspaces: BTreeSet<_> = workspaces.collect();
    let mut lists = Vec::new();
    for workspace in workspaces {
        lists.push((workspace, run.datasets_of(&tenant, workspace).await.unwrap_or_default()));
    }
    let answer = inexpensive::ask(run, &tenant).await;
    (Checked { tenant, lists }, answer)
}
