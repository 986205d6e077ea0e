//! Readers of the project's files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use serde_json::Value;

/// The root folder of the workspace.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is in a folder of the workspace")
}

/// The text of a file. The path starts at the workspace's root.
#[must_use]
pub fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A JSON file.
#[must_use]
pub fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML file, with the short tags of `CloudFormation` in their long form: `!Ref X` becomes `{"Ref": "X"}`.
#[must_use]
pub fn yaml(path: &str) -> Value {
    devstack::read_yaml(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The packages of this workspace in the output of `cargo metadata`.
#[must_use]
pub fn packages() -> Vec<Value> {
    let text = cargo(&["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The output of a cargo command.
#[must_use]
pub fn cargo(arguments: &[&str]) -> String {
    let output = cargo_command(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `cargo test` describes the tested package in environment variables, and the build script of ring depends on them. They are
/// removed. Otherwise cargo would compile ring, and every crate that uses it, twice: during the tests and after them.
fn cargo_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).args(["--locked", "--offline"]).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The binaries of a release archive.
const BINARIES: [&str; 4] = ["token", "config", "datasets", "dynabind"];

/// The path of a function's binary, or of the command line. The first call builds all of them.
///
/// `--workspace` selects the features with which the tests are built, so that cargo compiles nothing twice.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let bins: Vec<_> = BINARIES.into_iter().flat_map(|name| ["--bin", name]).collect();
        let output =
            cargo_command(&[&["build", "--workspace"], bins.as_slice()].concat()).output().expect("cargo runs");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{log}");
        // A line about a package of the workspace ends with its folder.
        let again = log.lines().find(|line| line.contains(" Compiling ") && !line.ends_with(')'));
        assert_eq!(again, None, "a dependency is compiled again; select the whole workspace (`--workspace`)");
    });
    assert!(BINARIES.contains(&name), "{name} is not built");
    root().join("target/debug").join(name)
}

/// The sorted paths of every Rust source in a folder, from the workspace's root.
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
