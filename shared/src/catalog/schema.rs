//! The shape of the catalog file, from which its JSON Schema is generated.
//!
//! Editors use `catalog.schema.json` to check a catalog while it is being written. A schema cannot require that a key
//! exists elsewhere in the file. The functions check this when they read the catalog.

#![expect(dead_code, reason = "only the shape of the types is used")]
#![expect(clippy::struct_field_names, reason = "the names are those of the file")]

use std::collections::BTreeMap;

use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema, schema_for};

use crate::domain::Mode;

const GUID: &str = "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$";
const KEY: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";

/// The schema, ready to be written to `catalog.schema.json`.
#[must_use]
pub fn generate() -> Schema {
    let mut schema = schema_for!(Catalog);
    RecursiveTransform(drop_empty_default).transform(&mut schema);
    schema.insert("$id".to_owned(), "urn:dynabind:catalog".into());
    schema.insert("title".to_owned(), "Dynabind catalog".into());
    schema
}

/// An optional field is absent by default, and not empty as the Rust type has it.
fn drop_empty_default(schema: &mut Schema) {
    if schema.get("default").is_some_and(|default| default == "" || default.as_array().is_some_and(Vec::is_empty)) {
        schema.remove("default");
    }
}

/// Which tenants may bind which reports to which datasets.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Catalog {
    /// Where the schema of this file is, for editors.
    #[serde(default, rename = "$schema")]
    schema: String,
    /// The reports, by the key that pages use.
    #[schemars(extend("propertyNames" = { "pattern": KEY }))]
    reports: BTreeMap<String, Report>,
    /// The datasets, by the key that pages use.
    #[schemars(extend("propertyNames" = { "pattern": KEY }))]
    datasets: BTreeMap<String, Dataset>,
    /// The tenants, by the value of the tenant claim.
    #[schemars(extend("propertyNames" = { "minLength": 1, "maxLength": 256 }))]
    tenants: BTreeMap<String, Tenant>,
}

/// A report that may be bound.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(extend("if" = { "properties": { "kind": { "const": "paginated" } }, "required": ["kind"] },
    "then" = { "required": ["sourceDatasetId"], "properties": { "paginatedSources": { "maxItems": 0 }, "paginatedReports": { "maxItems": 0 } } },
    "else" = { "properties": { "sourceDatasetId": false } }))]
struct Report {
    /// Its display name.
    #[schemars(length(min = 1))]
    name: String,
    /// The workspace that holds it.
    #[schemars(regex(pattern = GUID))]
    workspace_id: String,
    /// Its id in Power BI.
    #[schemars(regex(pattern = GUID))]
    report_id: String,
    /// Its kind.
    #[serde(default)]
    kind: Kind,
    /// Only for a paginated report: the dataset that it was built on.
    #[serde(default)]
    #[schemars(regex(pattern = GUID))]
    source_dataset_id: String,
    /// Whether the token also names the report's own dataset, and the effective identity that this dataset needs.
    #[serde(default)]
    include_own_dataset: OwnDataset,
    /// Datasets that its paginated visuals were built on.
    #[serde(default)]
    #[schemars(inner(regex(pattern = GUID)))]
    paginated_sources: Vec<String>,
    /// Ids of the paginated reports that it shows; the token names each of them.
    #[serde(default)]
    #[schemars(inner(regex(pattern = GUID)))]
    paginated_reports: Vec<String>,
}

/// Whether a token names a report's own dataset.
#[derive(JsonSchema, serde::Serialize)]
#[serde(untagged)]
enum OwnDataset {
    /// `true` if the token names it.
    Included(bool),
    /// The token names it, under this identity.
    Under(#[schemars(with = "Under")] ()),
}

impl Default for OwnDataset {
    fn default() -> Self {
        Self::Included(false)
    }
}

/// The effective identity of a dataset.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Under {
    /// The effective identity that its row-level security needs.
    identity: Identity,
}

/// The kind of a report.
#[derive(Default, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A Power BI report.
    #[default]
    Report,
    /// A paginated report.
    Paginated,
}

/// A dataset that may be bound to a report.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Dataset {
    /// Its display name.
    #[schemars(length(min = 1))]
    name: String,
    /// The workspace that holds it.
    #[schemars(regex(pattern = GUID))]
    workspace_id: String,
    /// Its id in Power BI.
    #[schemars(regex(pattern = GUID))]
    dataset_id: String,
    /// The effective identity that its row-level security needs.
    #[serde(default)]
    identity: Identity,
    /// If it is a composite model: the other datasets that it reads.
    #[serde(default)]
    also_needs: Vec<NeededDataset>,
}

/// A dataset that a composite model reads.
#[derive(JsonSchema, serde::Serialize)]
#[serde(untagged)]
enum NeededDataset {
    /// Its id in Power BI.
    Id(#[schemars(regex(pattern = GUID))] String),
    /// Its id, and the effective identity that it needs.
    Under(#[schemars(with = "NeededUnder")] ()),
}

/// A dataset that a composite model reads, under an effective identity.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NeededUnder {
    /// Its id in Power BI.
    #[schemars(regex(pattern = GUID))]
    dataset_id: String,
    /// The effective identity that its row-level security needs.
    #[serde(default)]
    #[schemars(with = "Identity")]
    identity: (),
}

/// The identity under which row-level security sees the viewer.
///
/// `{claim}` is replaced by the value of that verified claim; `{{` is a literal brace.
#[derive(Default, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Identity {
    /// The user name that the dataset's rules see.
    #[schemars(length(min = 1))]
    username: String,
    /// The dataset's roles that apply.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1)))]
    roles: Vec<String>,
    /// The value of `CUSTOMDATA()` in the dataset's rules.
    #[serde(default)]
    #[schemars(length(min = 1))]
    custom_data: String,
    /// The name under which Power BI's audit log shows the identity.
    #[serde(default)]
    #[schemars(length(min = 1))]
    auditable_context: String,
}

/// A tenant of the product.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Tenant {
    /// The service principal profile to act as.
    #[serde(default)]
    #[schemars(regex(pattern = GUID))]
    profile_id: String,
    /// What its callers may bind; grants add up.
    grants: Vec<Grant>,
}

/// These reports may be bound to these datasets.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Grant {
    /// Keys of the reports.
    #[schemars(inner(regex(pattern = KEY)))]
    reports: Vec<String>,
    /// Keys of the datasets.
    #[serde(default)]
    #[schemars(inner(regex(pattern = KEY)))]
    datasets: Vec<String>,
    /// Workspaces whose datasets may all be bound. A page names such a dataset by its GUID.
    #[serde(default)]
    #[schemars(inner(regex(pattern = GUID)))]
    workspaces: Vec<String>,
    /// What may be done with the bound report; `view` if absent.
    #[serde(default = "view")]
    #[schemars(length(min = 1), with = "Vec<ModeName>")]
    modes: Vec<Mode>,
    /// A caller has to be in one of these groups. If absent, the grant is for every caller of the tenant.
    #[serde(default)]
    #[schemars(length(min = 1), inner(length(min = 1)))]
    groups: Vec<String>,
    /// Where an edited or new report may be saved.
    #[serde(default)]
    #[schemars(regex(pattern = GUID))]
    save_to: String,
}

/// What may be done with a bound report.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ModeName {
    /// Look at it.
    View,
    /// Change it.
    Edit,
    /// Make a new report on the dataset.
    Create,
}

fn view() -> Vec<Mode> {
    vec![Mode::View]
}
