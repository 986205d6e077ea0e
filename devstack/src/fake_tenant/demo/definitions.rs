//! The definitions of the demo's reports and models.
//!
//! The files under `demo/definitions` follow the schemas that Microsoft publishes (github microsoft/json-schemas,
//! `fabric/item/report`) and the reference of TMSL.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ids;
use crate::fake_tenant::{Dataset, Definition, IdentityNeed, Report};

/// Parts of a report in PBIR, by path.
macro_rules! pbir {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../demo/definitions/sales.Report/", $path)))),*]
    };
}

const SALES: [(&str, &str); 16] = pbir![
    "definition/version.json",
    "definition/report.json",
    "definition/reportExtensions.json",
    "definition/bookmarks/bookmarks.json",
    "definition/bookmarks/display.bookmark.json",
    "definition/bookmarks/north.bookmark.json",
    "definition/pages/pages.json",
    "definition/pages/overview/page.json",
    "definition/pages/overview/visuals/amount/visual.json",
    "definition/pages/overview/visuals/by-month/visual.json",
    "definition/pages/overview/visuals/by-region/visual.json",
    "definition/pages/overview/visuals/category/visual.json",
    "definition/pages/overview/visuals/geography/visual.json",
    "definition/pages/details/page.json",
    "definition/pages/details/visuals/deneb/visual.json",
    "definition/pages/details/visuals/returns/visual.json",
];

const OPERATIONS: &str = include_str!("../../../demo/definitions/operations.Report/report.json");
const MODEL: &str = include_str!("../../../demo/definitions/sales.SemanticModel/model.bim");

const ITEM_SCHEMAS: &str = "https://developer.microsoft.com/json-schemas/fabric";

/// The definitions by the id of their item. A paginated report has none.
pub(super) fn definitions(reports: &[Report], datasets: &[Dataset]) -> BTreeMap<String, Definition> {
    let reports = reports.iter().filter(|report| !report.paginated).map(|item| (item.id.clone(), report(item)));
    let models = datasets.iter().map(|item| (item.id.clone(), model(item)));
    reports.chain(models).collect()
}

fn report(report: &Report) -> Definition {
    let is_legacy = matches!(report.id.as_str(), ids::OPS_REPORT | ids::PAYROLL_REPORT);
    let definition = if is_legacy {
        Definition { format: "PBIR-Legacy".to_owned(), ..Definition::default() }.with("report.json", parsed(OPERATIONS))
    } else {
        let parts = SALES.iter().map(|(path, text)| ((*path).to_owned(), parsed(text)));
        Definition { format: "PBIR".to_owned(), parts: parts.collect() }
    };
    let own = json!({
        "$schema": format!("{ITEM_SCHEMAS}/item/report/definitionProperties/2.0.0/schema.json"),
        "version": "4.0",
        "datasetReference": {"byConnection": {"connectionString": format!("semanticmodelid={}", report.dataset)}},
    });
    definition.with("definition.pbir", own).with(".platform", platform("Report", &report.name, &report.id))
}

fn model(dataset: &Dataset) -> Definition {
    let mut model = match dataset.id.as_str() {
        // One of the demo's deliberate faults: a measure has a different name in this model than in the reports.
        ids::CONTOSO_REGIONS => parsed(&MODEL.replace("Net revenue", "Revenue net")),
        _ => parsed(MODEL),
    };
    model["name"] = json!(dataset.name);
    model["model"]["roles"] = Value::Array(roles(dataset));
    let properties = json!({
        "$schema": format!("{ITEM_SCHEMAS}/item/semanticModel/definitionProperties/1.0.0/schema.json"),
        "version": "4.2",
        "settings": {},
    });
    Definition { format: "TMSL".to_owned(), ..Definition::default() }
        .with("model.bim", model)
        .with("definition.pbism", properties)
        .with(".platform", platform("SemanticModel", &dataset.name, &dataset.id))
}

/// A role for each role name in the rows, or one role that compares the user name.
fn roles(dataset: &Dataset) -> Vec<Value> {
    let role = |name: &str, filter: String| {
        let permissions = json!([{"name": "Region", "filterExpression": filter}]);
        json!({"name": name, "modelPermission": "read", "tablePermissions": permissions})
    };
    match dataset.identity {
        IdentityNeed::None | IdentityNeed::Unsupported => Vec::new(),
        IdentityNeed::Username => vec![role("By user", "Region[Name] = USERPRINCIPALNAME()".to_owned())],
        IdentityNeed::Roles => {
            let audiences = dataset.rows.iter().filter_map(|row| row.audience.as_deref());
            audiences.map(|name| role(name, format!("Region[Name] = \"{name}\""))).collect()
        }
    }
}

fn platform(kind: &str, name: &str, id: &str) -> Value {
    json!({
        "$schema": format!("{ITEM_SCHEMAS}/gitIntegration/platformProperties/2.0.0/schema.json"),
        "metadata": {"type": kind, "displayName": name},
        "config": {"version": "2.0", "logicalId": id},
    })
}

/// Parses a file that is compiled into this program. A test reads each of these files.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
