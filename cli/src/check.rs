//! `dynabind check`: holds every grant of a catalog against Power BI, before a viewer does.
//!
//! The inexpensive checks are those of `GET /datasets`, by its own code. Beyond them: `credentials`, `workspaces`
//! (capacities and roles), `tokens` (`GenerateToken` with the functions' requests) and `schema` (definitions).

pub(crate) mod credentials;
mod finding;
mod inexpensive;
mod junit;
mod print;
mod schema;
mod state;
mod subject;
mod tokens;
mod workspaces;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dynabind::App;
use dynabind::domain::AccessToken;
use dynabind::domain::{ReportKey, Tenant, WorkspaceId};
use dynabind::ports::{ActorKey, ListedDataset, PowerBi};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::caller::CallerArguments;
use crate::connection::session::TokenSession;
use crate::connection::{Connection, ConnectionArguments};
use crate::source::{CatalogPlace, LoadedCatalog};
pub use finding::{About, Fault, Finding, Findings, Unchecked};
pub use junit::write as write_junit;
pub use print::print;
use state::State;
use subject::Subject;

/// What to check.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The catalog: FILE or dynamodb:TABLE.
    #[arg(long, value_name = "CATALOG")]
    pub catalog: CatalogPlace,
    /// How to check.
    #[command(flatten)]
    pub options: Options,
    /// Credentials and addresses.
    #[command(flatten)]
    pub connection: ConnectionArguments,
}

/// How to check.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Check this tenant alone; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub tenant: Vec<String>,
    /// Check only this report.
    #[arg(long, value_name = "KEY")]
    pub report: Option<ReportKey>,
    /// The claims of a sample caller.
    #[command(flatten)]
    pub caller: CallerArguments,
    /// Keep what was found in FILE, and go on from there after an interruption.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Write the result as `JUnit` XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Do not compare reports with models.
    #[arg(long)]
    pub no_schema: bool,
    /// How many embed tokens are made at most.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub max_tokens: usize,
}

/// The result of a check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// How much was checked.
    pub summary: Summary,
    /// The faults.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub not_checked: Vec<Unchecked>,
    /// Each binding that was looked at: tenant, report, dataset.
    #[serde(skip)]
    pub bindings: Vec<(String, Option<String>, String)>,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Grants.
    pub grants: usize,
    /// Bindings that they allow.
    pub bindings: usize,
    /// Distinct reports.
    pub reports: usize,
    /// Distinct datasets.
    pub datasets: usize,
    /// Calls of Power BI and Fabric.
    pub calls: u64,
    /// Calls that were throttled and made again.
    pub throttled: u64,
    /// How long it took.
    pub seconds: f64,
}

/// One run.
pub(crate) struct Run<'r> {
    connection: &'r Connection,
    loaded: &'r LoadedCatalog,
    options: &'r Options,
    claims: Map<String, Value>,
    app: App,
    access: AccessToken,
    state: State,
}

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
        let subjects = run.check(&mut findings).await?;
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
    let place = format!("{}\n{}\n{}", connection.settings.endpoints.powerbi, connection.secret_place, loaded.text);
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

/// A tenant with the datasets of the workspaces that its grants open.
pub(crate) struct Checked {
    tenant: Arc<Tenant>,
    lists: Vec<(WorkspaceId, Vec<ListedDataset>)>,
}

impl Run<'_> {
    async fn check(&self, findings: &mut Findings) -> Result<Vec<Subject>, String> {
        let tenants = self.tenants()?;
        let mut checked = Vec::new();
        let mut subjects = Vec::new();
        let at_once = self.connection.at_once;
        let mut progress = crate::catalog::Progress::new("tenants", tenants.len());
        let mut looks = stream::iter(tenants).map(|tenant| self.look_at(tenant)).buffered(at_once);
        while let Some((tenant, found)) = looks.next().await {
            let only = self.options.report.as_ref();
            let grants = 0..tenant.tenant.grants.len();
            let of_tenant: Vec<_> =
                grants.flat_map(|i| subject::of_grant(self.loaded, &tenant.tenant, i, &tenant.lists, only)).collect();
            inexpensive::add(self, &tenant, &of_tenant, found, findings).await;
            subjects.extend(of_tenant);
            checked.push(tenant);
            progress.add(1);
        }
        drop(progress);
        workspaces::check(self, &subjects, findings).await;
        tokens::check(self, &checked, &subjects, findings).await;
        if !self.options.no_schema {
            schema::check(self, &subjects, findings).await;
        }
        Ok(subjects)
    }

    /// The tenants in question: all, or the named ones, or the sample caller's.
    fn tenants(&self) -> Result<Vec<Arc<Tenant>>, String> {
        let of_claims = self.claims.get(&self.options.caller.tenant_claim).and_then(Value::as_str);
        let named = &self.options.tenant;
        let only: Vec<_> =
            if named.is_empty() { of_claims.into_iter().collect() } else { named.iter().map(String::as_str).collect() };
        if let Some(unknown) = only.iter().find(|name| !self.loaded.catalog.tenants.contains_key(**name)) {
            return Err(format!("the catalog has no tenant `{unknown}`"));
        }
        let mut tenants: Vec<_> = self.loaded.catalog.tenants.values().cloned().collect();
        tenants.retain(|tenant| only.is_empty() || only.contains(&tenant.name.as_str()));
        tenants.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(tenants)
    }

    async fn look_at(&self, tenant: Arc<Tenant>) -> (Checked, inexpensive::Answer) {
        let workspaces = tenant.grants.iter().flat_map(|grant| grant.workspaces.iter().copied());
        let workspaces: std::collections::BTreeSet<_> = workspaces.collect();
        let mut lists = Vec::new();
        for workspace in workspaces {
            lists.push((workspace, self.datasets_of(&tenant, workspace).await.unwrap_or_default()));
        }
        let answer = inexpensive::ask(self, &tenant).await;
        (Checked { tenant, lists }, answer)
    }

    async fn datasets_of(&self, tenant: &Tenant, workspace: WorkspaceId) -> Option<Vec<ListedDataset>> {
        let actor = tenant.profile.map_or(ActorKey::Service, ActorKey::Profile);
        let session = TokenSession::new(actor, &self.access);
        self.connection.powerbi.datasets(&session, workspace).await.ok()
    }
}
