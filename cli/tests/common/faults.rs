//! A tenant and a catalog that match. Tests plant faults in them.

use std::collections::BTreeMap;
use std::time::Duration;

use devstack::fake_tenant::{Dataset, Definition, FakeTenant, Workspace, ids};
use devstack::{Fault, Service, Stack, StackOptions};
use serde_json::{Value, json};

use super::{dynabind, json_of};

/// The tenant, catalog and faults of one check.
pub(crate) struct World {
    pub(crate) tenant: FakeTenant,
    pub(crate) catalog: Value,
    /// Faults of Fabric, by route.
    pub(crate) faults: Vec<(String, Fault)>,
    pub(crate) secret_is_expired: bool,
    pub(crate) secret_is_renewed: bool,
}

/// A fault with its findings and its remedy.
pub(crate) struct Planted {
    pub(crate) name: &'static str,
    pub(crate) plant: fn(&mut World),
    pub(crate) expected: Vec<Expected>,
    /// Why something is not checked.
    pub(crate) not_checked: Option<&'static str>,
    /// Applies the remedy.
    pub(crate) remedy: fn(&mut World),
}

/// One finding.
pub(crate) struct Expected {
    pub(crate) code: &'static str,
    pub(crate) report: Option<&'static str>,
    pub(crate) dataset: Option<&'static str>,
    pub(crate) page: Option<&'static str>,
    pub(crate) visual: Option<&'static str>,
    /// The end of the finding's only place.
    pub(crate) pointer: &'static str,
    /// A part of the problem.
    pub(crate) problem: &'static str,
    /// A part of the remedy.
    pub(crate) remedy: &'static str,
}

impl World {
    /// The sales report over Contoso's plan, in the demo's tenant; the report for analysts is in the catalog too.
    pub(crate) fn clean() -> Self {
        let entry =
            |id: &str, workspace: &str, field: &str| json!({ "name": "N", "workspaceId": workspace, field: id });
        let report = |id: &str| entry(id, ids::REPORTS_WORKSPACE, "reportId");
        let catalog = json!({
            "reports": { "sales": report(ids::SALES_REPORT), "ops": report(ids::OPS_REPORT) },
            "datasets": { "plan": entry(ids::CONTOSO_PLAN, ids::CONTOSO_WORKSPACE, "datasetId") },
            "tenants": { "contoso": { "grants": [{ "reports": ["sales"], "datasets": ["plan"] }] } },
        });
        let (secret_is_expired, secret_is_renewed) = (false, false);
        Self { tenant: FakeTenant::demo(), catalog, faults: Vec::new(), secret_is_expired, secret_is_renewed }
    }

    pub(crate) fn workspace(&mut self, id: &str) -> &mut Workspace {
        self.tenant.workspaces.iter_mut().find(|workspace| workspace.id == id).unwrap()
    }

    pub(crate) fn dataset(&mut self) -> &mut Dataset {
        self.tenant.datasets.iter_mut().find(|dataset| dataset.id == ids::CONTOSO_PLAN).unwrap()
    }

    fn definition(&mut self, id: &str) -> &mut BTreeMap<String, Value> {
        let definition: &mut Definition = self.tenant.definitions.get_mut(id).unwrap();
        &mut definition.parts
    }

    /// The definition of Contoso's plan.
    pub(crate) fn model(&mut self) -> &mut Value {
        self.definition(ids::CONTOSO_PLAN).get_mut("model.bim").unwrap()
    }

    /// A part of the sales report.
    pub(crate) fn part(&mut self, path: &str) -> &mut Value {
        self.definition(ids::SALES_REPORT).get_mut(path).unwrap()
    }

    /// A visual of the sales report.
    pub(crate) fn visual(&mut self, name: &str) -> &mut Value {
        let end = format!("/{name}/visual.json");
        let parts = self.definition(ids::SALES_REPORT);
        parts.iter_mut().find(|(path, _)| path.ends_with(&end)).unwrap().1
    }

    /// The items of a kind in a table of the model.
    fn items(&mut self, table: &str, kind: &str) -> &mut Vec<Value> {
        let tables = self.model()["model"]["tables"].as_array_mut().unwrap();
        tables.iter_mut().find(|known| known["name"] == table).unwrap()[kind].as_array_mut().unwrap()
    }

    pub(crate) fn item(&mut self, table: &str, kind: &str, name: &str) -> &mut Value {
        self.items(table, kind).iter_mut().find(|item| item["name"] == name).unwrap()
    }

    pub(crate) fn rename(&mut self, table: &str, kind: &str, name: &str, new: &str) {
        self.item(table, kind, name)["name"] = json!(new);
    }

    pub(crate) fn drop(&mut self, table: &str, kind: &str, name: &str) {
        let items = self.items(table, kind);
        let before = items.len();
        items.retain(|item| item["name"] != name);
        assert_eq!(items.len() + 1, before, "{table} has no {name}");
    }

    pub(crate) fn add(&mut self, table: &str, kind: &str, item: Value) {
        self.items(table, kind).push(item);
    }

    /// Checks this world, with all stand-ins of the development stack.
    pub(crate) async fn check(&self) -> Value {
        let options = StackOptions { fake_tenant: self.tenant.clone(), ..StackOptions::default() };
        let stack = Stack::start(options).await.unwrap();
        stack.set_definition_time(Duration::ZERO);
        for (route, fault) in &self.faults {
            stack.fabric().fail(route, fault.clone(), None);
        }
        let folder = tempfile::tempdir().unwrap();
        let [catalog, secret] = ["catalog.json", "secret.json"].map(|name| folder.path().join(name));
        std::fs::write(&catalog, self.catalog.to_string()).unwrap();
        if self.secret_is_expired {
            stack.expire_client_secrets();
        }
        let mut stored: Value = serde_json::from_str(&stack.stored_secret()).unwrap();
        if self.secret_is_renewed {
            stack.add_client_secret("renewed");
            stored["clientSecret"] = json!("renewed");
        }
        std::fs::write(&secret, stored.to_string()).unwrap();
        let [entra, powerbi, fabric] =
            [Service::Entra, Service::PowerBi, Service::Fabric].map(|service| stack.upstream_url(service));
        let arguments = [
            &["check", "--json", "--claim", "email=ana@contoso.example", "--catalog", catalog.to_str().unwrap()][..],
            &["--secret", secret.to_str().unwrap(), "--entra-url", entra, "--powerbi-url", powerbi],
            &["--fabric-url", fabric],
        ];
        let arguments: Vec<_> = arguments.concat().into_iter().map(str::to_owned).collect();
        let run = move || dynabind(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let result = json_of(&output);
        let has_findings = !result["findings"].as_array().unwrap().is_empty();
        assert_eq!(output.status.code(), Some(i32::from(has_findings)), "{output:?}");
        result
    }
}

impl Planted {
    /// Fails unless exactly the expected findings are there, each at its place.
    pub(crate) fn assert_found(&self, result: &Value) {
        let findings = result["findings"].as_array().unwrap();
        assert_eq!(findings.len(), self.expected.len(), "{}: {result:#}", self.name);
        for expected in &self.expected {
            assert!(findings.iter().any(|finding| expected.is(finding)), "{}: {result:#}", self.name);
        }
        if let Some(because) = self.not_checked {
            assert!(is_skipped(result, because), "{}: {result:#}", self.name);
        }
    }

    /// Fails if a finding remains after the remedy.
    pub(crate) fn assert_gone(&self, result: &Value) {
        assert_eq!(result["findings"], json!([]), "{}, after its remedy: {result:#}", self.name);
        if let Some(because) = self.not_checked {
            assert!(!is_skipped(result, because), "{}, after its remedy: {result:#}", self.name);
        }
    }
}

fn is_skipped(result: &Value, because: &str) -> bool {
    let unchecked = result["notChecked"].as_array().unwrap();
    unchecked.iter().any(|item| item["because"].as_str().unwrap().contains(because) && item["dataset"] == "plan")
}

impl Expected {
    fn is(&self, finding: &Value) -> bool {
        let same = |field: &str, value: Option<&str>| finding[field].as_str() == value;
        let has = |field: &str, part: &str| finding[field].as_str().unwrap().contains(part);
        let places = finding["places"].as_array().unwrap();
        let tenants = if self.pointer.starts_with('#') { json!(["contoso"]) } else { json!([]) };
        same("code", Some(self.code))
            && same("report", self.report)
            && same("dataset", self.dataset)
            && same("page", self.page)
            && same("visual", self.visual)
            && finding["tenants"] == tenants
            && places.len() == 1
            && places[0].as_str().unwrap().ends_with(self.pointer)
            && has("problem", self.problem)
            && has("remedy", self.remedy)
            && !finding["viewerSees"].as_str().unwrap().is_empty()
    }
}
