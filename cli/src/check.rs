//! `dynabind check`: checks every grant of a catalog against Power BI, before a viewer opens a report.
//!
//! `inexpensive` runs the code of `GET /datasets` and reports its checks. The other modules check more: `credentials`,
//! `workspaces` (capacities and roles), `tokens` (`GenerateToken` with the functions' requests) and `schema` (definitions).

mod arguments;
pub(crate) mod credentials;
mod finding;
mod inexpensive;
mod junit;
mod lists;
mod organization;
mod print;
mod profiles;
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
pub use junit::suite;
use lists::Lists;
pub use print::print;
pub use report::{CheckReport, Summary};
use run::{Checked, Run, SignedIn};
use state::State;
use subject::Subject;

/// Checks a catalog.
///
/// # Errors
/// The error says why it could not be checked.
pub async fn check(connection: &Connection, loaded: &LoadedCatalog, options: &Options) -> Result<CheckReport, String> {
    let started = Instant::now();
    options.scenario.check()?;
    if options.user_jwt.is_some() && !options.scenario.is_organization() {
        return Err("--user-jwt needs --scenario organization".to_owned());
    }
    let mut findings = Findings::default();
    let (mut summary, mut bindings) = (Summary::default(), BTreeSet::new());
    if let Some(run) = begin(connection, loaded, options, &mut findings).await? {
        let subjects = check_tenants(&run, &mut findings).await?;
        run.state.end();
        bindings = subjects.iter().map(binding_of).collect();
        summary = summary_of(&subjects);
    }
    let (calls, throttled) = (connection.gate.calls(), connection.gate.throttled());
    let summary = Summary { calls, throttled, seconds: started.elapsed().as_secs_f64(), ..summary };
    Ok(CheckReport { summary, findings: findings.findings, not_checked: findings.unchecked, bindings })
}

/// Signs in. `None` if the sign-in is refused; the refusal is then among the findings.
async fn begin<'r>(
    connection: &'r Connection,
    loaded: &'r LoadedCatalog,
    options: &'r Options,
    findings: &mut Findings,
) -> Result<Option<Run<'r>>, String> {
    let claims = options.caller.read()?;
    let Some(access) = credentials::check(connection, findings).await? else { return Ok(None) };
    let signed_in = if options.scenario.is_organization() {
        organization::sign_in(connection, options, claims, access, findings).await?
    } else {
        let is_open = credentials::tenant_settings(connection, findings).await?;
        is_open.then_some(SignedIn { claims, access, user: None })
    };
    let Some(SignedIn { claims, access, user }) = signed_in else { return Ok(None) };
    let app = connection.app(loaded, options.scenario);
    let state = State::open(options.state.as_deref(), &run_id(connection, loaded))?;
    let lists = Lists::new(connection.rest.on_behalf_of(user.clone()));
    Ok(Some(Run { connection, loaded, options, claims, app, access, user, lists, state }))
}

/// Identifies what a saved state belongs to: the upstream, the credential and the catalog.
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

/// Checks the selected tenants, and returns their bindings.
async fn check_tenants(run: &Run<'_>, findings: &mut Findings) -> Result<Vec<Subject>, String> {
    let tenants = profiles::known(run, run.tenants()?, findings).await;
    let mut checked = Vec::new();
    let mut subjects = Vec::new();
    for (tenant, found) in look_at_all(run, tenants).await {
        let only = run.options.report.as_ref();
        let grants = 0..tenant.tenant.grants.len();
        let of_tenant: Vec<_> =
            grants.flat_map(|i| subject::of_grant(run.loaded, &tenant.tenant, i, &tenant.lists, only)).collect();
        inexpensive::add_unlisted(run, &tenant, findings);
        inexpensive::add(run, &tenant, &of_tenant, found, findings).await;
        subjects.extend(of_tenant);
        checked.push(tenant);
    }
    if run.can_look() {
        workspaces::check(run, &subjects, findings).await;
    }
    if !run.options.scenario.is_organization() {
        tokens::check(run, &checked, &subjects, findings).await;
    }
    if !run.options.no_schema {
        schema::check(run, &subjects, findings).await;
    }
    Ok(subjects)
}

/// Looks at the tenants, several at the same time. All of them end before anything else starts: a look that is not
/// polled would keep its slot in the gate.
async fn look_at_all(run: &Run<'_>, tenants: Vec<Arc<Tenant>>) -> Vec<(Checked, inexpensive::Answer)> {
    let mut progress = Progress::new("tenants", tenants.len());
    let looks = stream::iter(tenants).map(|tenant| look_at(run, tenant)).buffered(run.connection.at_once);
    looks.inspect(|_| progress.add(1)).collect().await
}

async fn look_at(run: &Run<'_>, tenant: Arc<Tenant>) -> (Checked, inexpensive::Answer) {
    let workspaces = tenant.grants.iter().flat_map(|grant| grant.workspaces.iter().copied());
    let workspaces: BTreeSet<_> = workspaces.collect();
    let mut lists = Vec::new();
    let mut unlisted = Vec::new();
    if !run.can_look() {
        return (Checked { tenant, lists, unlisted }, None);
    }
    for workspace in workspaces {
        match run.datasets_of(&tenant, workspace).await {
            Ok(list) => lists.push((workspace, list)),
            Err(error) => unlisted.push((workspace, error)),
        }
    }
    let answer = inexpensive::ask(run, &tenant).await;
    (Checked { tenant, lists, unlisted }, answer)
}
