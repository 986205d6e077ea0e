//! The catalog: all faults are reported at once, and the published schema agrees with the reader.

use acceptance::project;
use dynabind::catalog;
use serde_json::{Value, json};

const GUID: &str = "191d5d7a-e4e4-4b20-8ecc-5e1b3de14852";

fn good() -> Value {
    json!({
        "$schema": "catalog.schema.json",
        "reports": {
            "r": { "name": "R", "workspaceId": GUID, "reportId": GUID, "kind": "report", "includeOwnDataset": false,
                   "paginatedSources": [] },
            "p": { "name": "P", "workspaceId": GUID, "reportId": GUID, "kind": "paginated", "sourceDatasetId": GUID },
        },
        "datasets": { "d": { "name": "D", "workspaceId": GUID, "datasetId": GUID.to_uppercase(),
                             "identity": { "username": "{email}", "roles": ["Tenant"], "customData": "{tenant}" },
                             "alsoNeeds": [GUID] } },
        "tenants": { "t": { "profileId": GUID, "grants": [
            { "reports": ["r", "p"], "datasets": ["d"], "workspaces": [GUID], "modes": ["view"], "groups": ["g"], "saveTo": GUID },
            { "reports": ["r"], "datasets": ["d"], "modes": ["view", "edit", "create"] },
        ] } },
    })
}

/// The valid catalog with one place changed; `null` removes the place.
fn with(pointer: &str, value: Value) -> Value {
    let mut catalog = good();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = catalog.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(parent), Value::Null) => drop(parent.remove(name)),
        (Value::Object(parent), value) => drop(parent.insert(name.to_owned(), value)),
        (Value::Array(parent), value) => parent[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer} is in no container"),
    }
    catalog
}

fn faults(catalog: &Value) -> Vec<String> {
    match catalog::parse(&catalog.to_string()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
    }
}

fn schema() -> Value {
    serde_json::from_str(&project::text("catalog.schema.json")).unwrap()
}

#[test]
fn the_published_schema_is_current() {
    let generated = serde_json::to_value(catalog::schema::generate()).unwrap();
    let remedy = "cargo run -p dynabind --features schema --example catalog_schema > catalog.schema.json";
    assert_eq!(schema(), generated, "update it with `{remedy}`");
}

/// The schema refuses a catalog if the reader refuses it for its form, and accepts it otherwise.
#[test]
fn reader_and_schema_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    assert_eq!(faults(&good()), [""; 0]);
    assert!(validator.is_valid(&good()));
    for (pointer, value) in [
        ("/extra", json!(1)),
        ("/tenants", json!(null)),
        ("/reports", json!([])),
        ("/reports/r/extra", json!(1)),
        ("/reports/r/name", json!(null)),
        ("/reports/r/name", json!("")),
        ("/reports/r/reportId", json!("not-a-guid")),
        ("/reports/r/reportId", json!("191d5d7ae4e44b208ecc5e1b3de14852")),
        ("/reports/r/kind", json!("dashboard")),
        ("/reports/r/sourceDatasetId", json!(GUID)),
        ("/reports/p/sourceDatasetId", json!(null)),
        ("/reports/p/paginatedSources", json!([GUID])),
        ("/reports/r/includeOwnDataset", json!("yes")),
        ("/datasets/d/identity/username", json!(null)),
        ("/datasets/d/identity/username", json!("")),
        ("/datasets/d/identity/roles", json!("Tenant")),
        ("/datasets/d/identity/roles", json!(vec!["r"; 51])),
        ("/datasets/d/alsoNeeds", json!(["x"])),
        ("/tenants/t/profileId", json!(7)),
        ("/tenants/t/grants", json!(null)),
        ("/tenants/t/grants/0/reports", json!(null)),
        ("/tenants/t/grants/0/modes", json!(["read"])),
        ("/tenants/t/grants/0/modes", json!([])),
        ("/tenants/t/grants/0/groups", json!([])),
        ("/tenants/t/grants/0/saveTo", json!("x")),
        ("/tenants/t/grants/0", json!("x")),
    ] {
        let catalog = with(pointer, value.clone());
        assert!(!faults(&catalog).is_empty(), "the reader accepts {value} at {pointer}");
        assert!(!validator.is_valid(&catalog), "the schema accepts {value} at {pointer}");
    }
    for pointer in ["/reports/r/kind", "/datasets/d/identity", "/datasets/d/alsoNeeds", "/tenants/t/grants/0/groups"] {
        let catalog = with(pointer, Value::Null);
        assert_eq!(faults(&catalog), [""; 0], "without {pointer}");
        assert!(validator.is_valid(&catalog), "without {pointer}");
    }
}

#[test]
fn faults_that_only_the_reader_finds_have_a_pointer() {
    for (pointer, value, at) in [
        ("/tenants/t/grants/0/reports", json!(["r", "nope"]), "/tenants/t/grants/0/reports/1"),
        ("/tenants/t/grants/1/datasets", json!(["nope"]), "/tenants/t/grants/1/datasets/0"),
        ("/tenants/t/grants/1/reports", json!(["p"]), "/tenants/t/grants/1/modes"),
        ("/datasets/d/identity/username", json!("{email"), "/datasets/d/identity/username"),
        ("/datasets/d/identity/username", json!("a b"), "/datasets/d/identity/username"),
        ("/datasets/d/identity/roles", json!(["a,b"]), "/datasets/d/identity/roles/0"),
        ("/reports/a b", json!({ "name": "R", "workspaceId": GUID, "reportId": GUID }), "/reports/a b"),
    ] {
        assert_eq!(faults(&with(pointer, value)), [at], "{pointer}");
    }
}

#[test]
fn all_faults_are_reported_at_once_without_consequential_ones() {
    let mut catalog = with("/reports/r/reportId", json!("x"));
    catalog["datasets"]["d"]["color"] = json!("red");
    catalog["tenants"]["t"]["grants"][1]["reports"] = json!(["r", "nope"]);
    // `r` exists, although it has a fault: the grants that name it are valid.
    assert_eq!(faults(&catalog), ["/reports/r/reportId", "/datasets/d/color", "/tenants/t/grants/1/reports/1"]);
}

#[test]
fn a_repeated_name_is_refused() {
    let text = good().to_string().replacen(r#""tenants":{"#, r#""tenants":{"t":{"grants":[]},"#, 1);
    let faults = catalog::parse(&text).unwrap_err();
    assert_eq!(faults[0].pointer, "/tenants/t");
    assert!(faults[0].detail.contains("twice"));
}

#[test]
fn faults_of_settings_and_catalog_are_reported_together() {
    let path = project::root().join("openapi.yaml");
    let vars = |name: &str| match name {
        "DYNABIND_CATALOG" => Some(format!("file:{}", path.display())),
        "DYNABIND_CLOUD" => Some("mars".to_owned()),
        _ => Some("x".to_owned()).filter(|_| name.starts_with("AWS_") && !name.contains("URL")),
    };
    let clock = std::sync::Arc::new(dynabind::clock::SystemClock);
    let faults = dynabind::App::from_vars(&vars, clock).err().unwrap().0;
    let places: Vec<_> = faults.iter().map(|fault| fault.place.as_str()).collect();
    assert_eq!(places, ["DYNABIND_SECRET_ID", "DYNABIND_CLOUD", format!("{}#", path.display()).as_str()]);
}

#[test]
fn the_catalogs_of_the_demo_and_the_layer_are_valid() {
    for path in ["devstack/demo/catalog.json", "layers/sample/catalog.json"] {
        let text = project::text(path);
        catalog::parse(&text).unwrap_or_else(|faults| panic!("{path}: {faults:#?}"));
        let validator = jsonschema::validator_for(&schema()).unwrap();
        assert!(validator.is_valid(&serde_json::from_str(&text).unwrap()), "{path}");
    }
}
