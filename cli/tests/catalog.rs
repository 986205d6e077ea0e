//! The program's arguments, output and exit codes.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn catalog(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dynabind"))
        .arg("catalog")
        .args(arguments)
        .env_remove("AWS_PROFILE")
        .output()
        .unwrap()
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../devstack/demo/catalog.json")
}

#[test]
fn a_good_file_is_good() {
    let output = catalog(&["validate", "--file", demo().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn every_fault_is_printed_with_its_place() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken.json");
    std::fs::write(&file, r#"{"reports":{"a b":{}},"datasets":[],"tenants":{"t":{"grants":[{"reports":["x"]}]}}}"#)
        .unwrap();
    let output = catalog(&["validate", "--file", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for pointer in ["#/reports/a b:", "#/datasets:", "#/tenants/t/grants/0/reports/0:"] {
        assert!(text.contains(pointer), "{text}");
    }
}

#[test]
fn failures_of_commands_go_to_the_standard_error() {
    for arguments in [&["validate", "--file", "no/such/file"][..], &["push", "--file", "x"], &["what"], &[]] {
        let output = catalog(arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
    }
}
