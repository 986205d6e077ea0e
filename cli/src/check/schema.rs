//! Whether the bound model has what the report uses, and has the roles that the catalog names.

mod comparer;
mod info_view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use dynabind::domain::{DatasetId, ReportId, ReportKind, WorkspaceId};
use futures_util::{StreamExt, stream};
use preflight::{ModelDefinition, ReportDefinition};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::finding::{About, Fault, Finding, Findings};
use super::run::Run;
use super::subject::{self, Subject};
use crate::catalog::Progress;
use crate::connection::{Rest, RestError};
use crate::fabric::Fabric;
use comparer::{SchemaFault, SchemaOutcome, compare};

const WHAT: &str = "the schema";

/// One report and one model. Tenants with the same pair share it.
type Pair = ((ReportId, WorkspaceId), (DatasetId, WorkspaceId));

type Once<K, T> = Mutex<HashMap<K, Arc<OnceCell<Result<Arc<T>, String>>>>>;

/// Definitions. A run reads each of them once.
struct Definitions<'d> {
    fabric: Fabric<'d>,
    powerbi: &'d Rest,
    reports: Once<ReportId, ReportDefinition>,
    models: Once<DatasetId, ModelDefinition>,
}

impl<'d> Definitions<'d> {
    fn new(fabric: &'d Rest, powerbi: &'d Rest) -> Self {
        Self { fabric: Fabric(fabric), powerbi, reports: Mutex::default(), models: Mutex::default() }
    }

    async fn report(&self, id: ReportId, workspace: WorkspaceId) -> Result<Arc<ReportDefinition>, String> {
        let read = async {
            let parts = self.fabric.report(workspace, id).await.map_err(|error| cause("report", &error))?;
            ReportDefinition::from_parts(&parts).map_err(|error| error.to_string())
        };
        once(&self.reports, id, read).await
    }

    async fn model(&self, id: DatasetId, workspace: WorkspaceId) -> Result<Arc<ModelDefinition>, String> {
        let read = async {
            match self.fabric.model(workspace, id).await {
                Ok(text) => ModelDefinition::from_tmsl(&text).map_err(|error| error.to_string()),
                // A service principal without the right to read the definition may still have the right to query the model.
                Err(error) => info_view::model(self.powerbi, workspace, id)
                    .await
                    .map_err(|second| format!("{}; and {second}", cause("model", &error))),
            }
        };
        once(&self.models, id, read).await
    }
}

pub(super) async fn check(run: &Run<'_>, subjects: &[Subject], findings: &mut Findings) {
    let pairs = pairs(run, subjects, findings);
    let Some(fabric) = &run.connection.fabric else {
        let because = "Fabric's address in this cloud is not known; give --fabric-url and --fabric-scope";
        return findings.skip(&About::default(), WHAT, because);
    };
    let definitions = Definitions::new(fabric, &run.connection.rest);
    let mut progress = Progress::new("reports over models", pairs.len());
    let compare = |(pair, subjects): (Pair, Vec<_>)| {
        let definitions = &definitions;
        async move { (pair, Box::pin(outcome(run, definitions, pair)).await, subjects) }
    };
    let outcomes = stream::iter(pairs).map(compare).buffer_unordered(2 * run.connection.at_once);
    let mut outcomes: Vec<_> = outcomes.inspect(|_| progress.add(1)).collect().await;
    // Findings are in the same order in every run.
    outcomes.sort_by_key(|(pair, ..)| *pair);
    for (_, outcome, subjects) in &outcomes {
        for subject in subjects {
            add(run, subject, outcome, findings);
        }
    }
}

fn pairs<'s>(run: &Run<'_>, subjects: &'s [Subject], findings: &mut Findings) -> BTreeMap<Pair, Vec<&'s Subject>> {
    let mut pairs: BTreeMap<Pair, Vec<&Subject>> = BTreeMap::new();
    for subject in subjects {
        let Some(report) = &subject.report else { continue };
        let about = subject.about(run.loaded);
        if report.kind == ReportKind::Report {
            let (_, dataset, workspace) = &subject.dataset;
            pairs.entry(((report.id, report.workspace), (*dataset, *workspace))).or_default().push(subject);
        } else {
            findings.skip(&about, WHAT, "Fabric returns no definition of paginated reports");
        }
    }
    // Items that were not found are findings already.
    let is_absent = |code: &str| code.ends_with("-not-found") || code.ends_with("-moved");
    let items = |finding: &Finding| {
        let report = finding.report.clone().map(|key| ("report", key));
        report.into_iter().chain(finding.dataset.clone().map(|key| ("dataset", key))).collect::<Vec<_>>()
    };
    let absent: BTreeSet<_> =
        findings.findings.iter().filter(|finding| is_absent(&finding.code)).flat_map(items).collect();
    pairs.retain(|_, subjects| {
        subjects.retain(|subject| {
            let report = subject.request.report.as_ref().map(|key| ("report", key.to_string()));
            let dataset = Some(("dataset", subject.dataset.0.to_string()));
            ![report, dataset].into_iter().flatten().any(|item| absent.contains(&item))
        });
        !subjects.is_empty()
    });
    pairs
}

async fn outcome(run: &Run<'_>, definitions: &Definitions<'_>, pair: Pair) -> SchemaOutcome {
    let ((report, report_workspace), (dataset, workspace)) = pair;
    let unit = format!("schema {report} {dataset}");
    if let Some(known) = run.state.get(&unit) {
        return known;
    }
    let own = own_model(run, pair);
    let (parts, model) =
        futures_util::join!(definitions.report(report, report_workspace), definitions.model(dataset, workspace));
    let (parts, model) = match (parts, model) {
        (Ok(parts), Ok(model)) => (parts, model),
        (parts, model) => {
            let causes = parts.err().into_iter().chain(model.err());
            let not_checked = causes.map(|because| (WHAT.to_owned(), because)).collect();
            return SchemaOutcome { not_checked, ..SchemaOutcome::default() };
        }
    };
    let (own, unread) = match own {
        Some((id, workspace)) => match definitions.model(id, workspace).await {
            Ok(own) => (Some(own), None),
            Err(because) => (None, Some(because)),
        },
        None => (None, None),
    };
    let mut outcome = compare(&parts, &model, own.as_deref());
    let what = "types and relationships as in the report's own model".to_owned();
    outcome.not_checked.extend(unread.map(|because| (what, because)));
    run.state.put(&unit, &outcome);
    outcome
}

/// The model that the report was built on, if it is not the bound one.
fn own_model(run: &Run<'_>, ((report, beside), (bound, _)): Pair) -> Option<(DatasetId, WorkspaceId)> {
    let own = run.connection.powerbi.own_dataset(report).filter(|own| *own != bound)?;
    let entry = run.loaded.catalog.datasets.values().find(|dataset| dataset.id == own);
    Some((own, entry.map_or(beside, |dataset| dataset.workspace)))
}

async fn once<K: Eq + std::hash::Hash, T>(
    cells: &Once<K, T>,
    key: K,
    read: impl Future<Output = Result<T, String>>,
) -> Result<Arc<T>, String> {
    let cell = Arc::clone(cells.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
    cell.get_or_init(|| async { read.await.map(Arc::new) }).await.clone()
}

fn cause(what: &str, error: &RestError) -> String {
    let hint = match error.status {
        Some(401 | 403) => {
            "; reading it needs read and write permission on the item, and no sensitivity label with encryption"
        }
        Some(404) => "; the item is not visible through Fabric",
        _ => "",
    };
    format!("the definition of the {what} cannot be read: {error}{hint}")
}

fn add(run: &Run<'_>, subject: &Subject, outcome: &SchemaOutcome, findings: &mut Findings) {
    let about = subject.about(run.loaded);
    for fault in &outcome.findings {
        findings.add(&about, &fault_of(fault));
    }
    for (what, because) in &outcome.not_checked {
        let is_unread = because.contains("cannot be read");
        let note = match subject.tenant.profile {
            _ if !is_unread => "",
            _ if run.options.scenario.is_organization() => {
                "; definitions are read as the service principal, not as a user"
            }
            Some(_) => "; definitions are read as the service principal, not as the tenant's profile",
            None => "",
        };
        findings.skip(&about, what, &format!("{because}{note}"));
    }
    if let Some(roles) = outcome.roles.as_ref().filter(|_| !run.options.scenario.is_organization()) {
        add_roles(run, subject, roles, findings);
    }
}

fn fault_of(fault: &SchemaFault) -> Fault {
    Fault {
        code: "schema".to_owned(),
        page: fault.page.clone(),
        visual: fault.visual.clone(),
        problem: fault.problem.clone(),
        viewer_sees: fault.viewer_sees.clone(),
        remedy: fault.remedy.clone(),
    }
}

/// Checks that the model has each role of the catalog that is a literal.
fn add_roles(run: &Run<'_>, subject: &Subject, roles: &[String], findings: &mut Findings) {
    let key = subject.dataset.0.as_str();
    let named = &run.loaded.json["datasets"][key]["identity"]["roles"];
    for (index, role) in named.as_array().into_iter().flatten().filter_map(Value::as_str).enumerate() {
        let place = run.loaded.place(&["datasets", key, "identity", "roles", &index.to_string()]);
        let about = About { report: None, place: Some(place), ..subject.about(run.loaded) };
        let Some(role) = subject::literal(role) else {
            findings.skip(&about, &format!("role `{role}`"), "its name contains a claim");
            continue;
        };
        if roles.iter().any(|known| known.eq_ignore_ascii_case(&role)) {
            continue;
        }
        let known = if roles.is_empty() { "it has none".to_owned() } else { format!("it has {}", roles.join(", ")) };
        let fault = Fault {
            code: "role-missing".to_owned(),
            problem: format!("the model has no role `{role}`; {known}"),
            viewer_sees: "no report, or visuals without data: the model does not have the role".to_owned(),
            remedy: "correct `roles` in the dataset's entry, or add the role to the model".to_owned(),
            ..Fault::default()
        };
        findings.add(&about, &fault);
    }
}
