//! The project's own files, as the tests read them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};
use yaml_serde::Value as Yaml;

/// The folder that holds the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package lies in a folder of the workspace")
}

/// The text of a file, named from the workspace's root.
///
/// # Panics
/// If there is no such file.
#[must_use]
pub fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A JSON file.
///
/// # Panics
/// If there is no such file or it is not JSON.
#[must_use]
pub fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML file, with CloudFormation's short tags spelt out: `!Ref X` becomes `{"Ref": "X"}`.
///
/// # Panics
/// If there is no such file or it is not YAML.
#[must_use]
pub fn yaml(path: &str) -> Value {
    let value = yaml_serde::from_str(&text(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    without_tags(value)
}

fn without_tags(value: Yaml) -> Value {
    match value {
        Yaml::Sequence(items) => items.into_iter().map(without_tags).collect(),
        Yaml::Mapping(entries) => entries
            .into_iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), without_tags(value)))
            .collect::<Map<_, _>>()
            .into(),
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            json!({ name: without_tags(tagged.value) })
        }
        scalar => yaml_serde::from_value(scalar).unwrap(),
    }
}

/// What `cargo metadata` says of the packages of this workspace.
///
/// # Panics
/// If cargo cannot be run.
#[must_use]
pub fn packages() -> Vec<Value> {
    let text = cargo(&["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// What a cargo command prints.
///
/// # Panics
/// If it fails.
#[must_use]
pub fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "cargo {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Every Rust source under a folder of the workspace, named from its root and sorted.
///
/// # Panics
/// If the folder cannot be read.
#[must_use]
pub fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().unwrap() != "target" {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.strip_prefix(root()).unwrap().to_owned());
        }
    }
}
