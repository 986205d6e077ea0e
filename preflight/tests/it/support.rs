//! Reads definitions from disk, and changes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use preflight::{Comparison, ModelDefinition, Part, ReportDefinition, SchemaFinding, compare, compare_with_own};
use serde_json::Value;

/// A report that a test changes.
pub(crate) struct Report(pub(crate) BTreeMap<String, Value>);

/// A report in PBIR with two pages, a drillthrough, bookmarks and a measure of its own.
pub(crate) fn pbir() -> Report {
    let root = fixtures().join("pbir");
    let mut files = BTreeMap::new();
    collect(&root, &root, &mut files);
    Report(files)
}

/// A smaller report in PBIR-Legacy.
pub(crate) fn legacy() -> Report {
    Report(BTreeMap::from([("report.json".to_owned(), json_file(&fixtures().join("legacy/report.json")))]))
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Value>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(name, json_file(&path));
        }
    }
}

impl Report {
    pub(crate) fn with(mut self, path: &str, change: impl FnOnce(&mut Value)) -> Self {
        change(self.0.get_mut(path).unwrap_or_else(|| panic!("no {path}")));
        self
    }

    pub(crate) fn visual(self, visual: &str, change: impl FnOnce(&mut Value)) -> Self {
        let path = self.0.keys().find(|path| path.ends_with(&format!("/{visual}/visual.json"))).unwrap().clone();
        self.with(&path, change)
    }

    pub(crate) fn parts(&self) -> Vec<Part> {
        let part = |(path, value): (&String, &Value)| Part { path: path.clone(), payload: value.to_string().into() };
        self.0.iter().map(part).collect()
    }

    pub(crate) fn read(&self) -> ReportDefinition {
        ReportDefinition::from_parts(&self.parts()).unwrap()
    }

    pub(crate) fn against(&self, model: &Model) -> Comparison {
        compare(&self.read(), &model.read())
    }

    pub(crate) fn against_with_own(&self, model: &Model, own: &Model) -> Comparison {
        compare_with_own(&self.read(), &model.read(), Some(&own.read()))
    }
}

/// A model that a test changes.
#[derive(Clone)]
pub(crate) struct Model(pub(crate) Value);

/// The model on which both reports were built.
pub(crate) fn model() -> Model {
    Model(json_file(&fixtures().join("model.bim")))
}

impl Model {
    pub(crate) fn read(&self) -> ModelDefinition {
        ModelDefinition::from_tmsl(&self.0.to_string()).unwrap()
    }

    fn list(&mut self, path: &str) -> &mut Vec<Value> {
        self.0.pointer_mut(path).unwrap().as_array_mut().unwrap()
    }

    fn table(&mut self, table: &str) -> &mut Value {
        self.list("/model/tables").iter_mut().find(|t| t["name"] == table).unwrap()
    }

    fn item(&mut self, table: &str, kind: &str, name: &str) -> &mut Value {
        let items = self.table(table)[kind].as_array_mut().unwrap();
        items.iter_mut().find(|item| item["name"] == name).unwrap()
    }

    pub(crate) fn without(mut self, table: &str, kind: &str, name: &str) -> Self {
        let items = self.table(table)[kind].as_array_mut().unwrap();
        let before = items.len();
        items.retain(|item| item["name"] != name);
        assert_eq!(items.len() + 1, before, "{table} has no {name} among its {kind}");
        self
    }

    pub(crate) fn without_table(mut self, table: &str) -> Self {
        self.list("/model/tables").retain(|t| t["name"] != table);
        self
    }

    pub(crate) fn with(mut self, table: &str, kind: &str, item: Value) -> Self {
        let list = &mut self.table(table)[kind];
        if list.is_null() {
            *list = Value::Array(Vec::new());
        }
        list.as_array_mut().unwrap().push(item);
        self
    }

    pub(crate) fn with_table(mut self, table: Value) -> Self {
        self.list("/model/tables").push(table);
        self
    }

    pub(crate) fn changed(mut self, table: &str, kind: &str, name: &str, key: &str, value: impl Into<Value>) -> Self {
        self.item(table, kind, name)[key] = value.into();
        self
    }

    pub(crate) fn renamed(self, table: &str, kind: &str, name: &str, new: &str) -> Self {
        self.changed(table, kind, name, "name", new)
    }

    pub(crate) fn relationship(mut self, name: &str, key: &str, value: impl Into<Value>) -> Self {
        let found = self.list("/model/relationships").iter_mut().find(|r| r["name"] == name).unwrap();
        found[key] = value.into();
        self
    }

    pub(crate) fn without_relationship(mut self, name: &str) -> Self {
        self.list("/model/relationships").retain(|r| r["name"] != name);
        self
    }

    pub(crate) fn with_relationship(mut self, relationship: Value) -> Self {
        self.list("/model/relationships").push(relationship);
        self
    }
}

/// The places and problems of the findings.
pub(crate) fn texts(comparison: &Comparison) -> Vec<String> {
    comparison.findings.iter().map(ToString::to_string).collect()
}

/// The only finding that mentions a text.
pub(crate) fn the<'a>(comparison: &'a Comparison, text: &str) -> &'a SchemaFinding {
    let found: Vec<_> = comparison.findings.iter().filter(|finding| finding.to_string().contains(text)).collect();
    assert_eq!(found.len(), 1, "{text} in {:#?}", texts(comparison));
    found[0]
}

/// Asserts that nothing is reported.
pub(crate) fn assert_quiet(comparison: &Comparison) {
    assert_eq!(texts(comparison), [""; 0]);
}

/// Whether an entry says that something was not checked.
pub(crate) fn not_checked(comparison: &Comparison, text: &str) -> bool {
    comparison.not_checked.iter().any(|entry| entry.to_string().contains(text))
}
