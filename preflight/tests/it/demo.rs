//! The definitions of the development stack's demo.

use std::fs;
use std::path::{Path, PathBuf};

use preflight::{ModelDefinition, Part, ReportDefinition, compare_with_own};

use crate::support::{assert_quiet, texts};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../devstack/demo/definitions").join(name)
}

fn parts(root: &Path, folder: &Path, found: &mut Vec<Part>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            parts(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push(Part { path: name, payload: fs::read(&path).unwrap() });
        }
    }
}

fn report(name: &str) -> ReportDefinition {
    let mut found = Vec::new();
    parts(&folder(name), &folder(name), &mut found);
    ReportDefinition::from_parts(&found).unwrap()
}

#[test]
fn the_demo_reports_agree_with_the_demo_model() {
    let text = fs::read_to_string(folder("sales.SemanticModel/model.bim")).unwrap();
    let model = ModelDefinition::from_tmsl(&text).unwrap();
    for name in ["sales.Report", "operations.Report"] {
        let report = report(name);
        assert_quiet(&compare_with_own(&report, &model, Some(&model)));
        let renamed = ModelDefinition::from_tmsl(&text.replace("Net revenue", "Revenue net")).unwrap();
        let found = compare_with_own(&report, &renamed, Some(&model));
        let expected =
            "visual *Revenue by region*: measure `Sales[Net revenue]` is missing; the model has `Sales[Revenue net]`";
        assert!(texts(&found).iter().any(|text| text.ends_with(expected)), "{name}: {:?}", texts(&found));
    }
}
