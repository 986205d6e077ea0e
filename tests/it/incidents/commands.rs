//! Runs the commands of docs/operations.md with bash. A stand-in takes the place of the AWS command line.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use acceptance::{process, project};
use tempfile::TempDir;

use super::PAGE;

/// An answer for `curl`: a discovery document and a list of keys in one.
const DOCUMENT: &str =
    r#"{"issuer":"https://issuer.example.com/","jwks_uri":"https://k","keys":[{"kty":"RSA","kid":"k1"}]}"#;

/// Before each command: the shell that `aws` may end, and a token to look at.
const PROLOGUE: &str = "export SHELL_ID=$$ JWT=eyJraWQiOiJrMSJ9.eyJzdWIiOiJzMSJ9.c2ln\n";

/// A folder with programs that take the place of the real ones.
struct Fakes(TempDir);

impl Fakes {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let python = process::python();
        let stand_in = project::root().join("tests/it/incidents/aws.py");
        let aws = format!("exec '{}' '{}' \"$@\"", python.get_program().display(), stand_in.display());
        let curl = format!("echo '{DOCUMENT}'");
        for (name, body) in
            [("aws", aws.as_str()), ("curl", &curl), ("sleep", ""), ("sam", ""), ("az", ""), ("dynabind", "")]
        {
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(folder)
    }

    /// The calls of `aws` so far.
    fn calls(&self) -> PathBuf {
        self.0.path().join("calls")
    }

    fn count(&self, operation: &str) -> usize {
        fs::read_to_string(self.calls()).unwrap().matches(&format!("\"{operation}\"")).count()
    }

    /// Runs commands after those of *First five minutes*.
    fn run(&self, commands: &str, variables: &[(&str, &str)]) -> Output {
        let path = format!("{}:{}", self.0.path().display(), std::env::var_os("PATH").unwrap().display());
        let script = [PROLOGUE, &blocks()[0], commands].concat();
        let mut bash = Command::new("bash");
        bash.args(["-c", &script]).current_dir(self.0.path()).env("PATH", path).env("CALLS", self.calls());
        bash.envs(variables.iter().copied()).output().unwrap()
    }
}

/// The blocks of commands of the page.
fn blocks() -> Vec<String> {
    let blocks = PAGE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let unindented = |line: &'static str| line.strip_prefix("   ").unwrap_or(line);
    let joined = |block: &'static str| block.lines().map(unindented).collect::<Vec<_>>().join("\n") + "\n";
    blocks.map(joined).collect()
}

/// The commands within sentences of the page.
fn inline_commands() -> Vec<String> {
    let prose: String = PAGE.split("```").step_by(2).collect();
    let spans = prose.split('`').skip(1).step_by(2);
    let is_command =
        |text: &&str| text.starts_with("insights \"") || (text.starts_with("aws ") && text.contains(" --"));
    spans.filter(is_command).map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_page_is_well_formed() {
    for block in blocks().into_iter().chain(inline_commands()) {
        let checked = process::bash_syntax(&block);
        assert!(checked.is_ok(), "{checked:?}\n{block}");
    }
}

#[test]
fn every_command_of_the_page_runs() {
    let inline = inline_commands();
    assert!(inline.len() > 10, "{inline:?}");
    let mut all = Vec::new();
    for commands in blocks().iter().skip(1).chain(&inline) {
        let fakes = Fakes::new();
        let output = fakes.run(&format!("set -e -o pipefail\n{commands}"), &[]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{told}\n{commands}");
        all.push(fakes);
    }
    // The operations, their options and their answers are those of AWS.
    let calls: Vec<_> = all.iter().map(Fakes::calls).filter(|calls| calls.exists()).collect();
    let stand_in = project::root().join("tests/it/incidents/aws.py");
    let output = process::python().arg(stand_in).arg("--check").args(calls).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the query helper prints, and whether it succeeds.
fn queried(ends: &str, rows: &str) -> (String, bool, Fakes) {
    let fakes = Fakes::new();
    let output = fakes.run("insights \"$FUNCTIONS\" 2 'a query'", &[("QUERY_ENDS", ends), ("ROWS", rows)]);
    (String::from_utf8(output.stdout).unwrap(), output.status.success(), fakes)
}

#[test]
fn the_query_helper_prints_each_column_with_its_name() {
    let (printed, succeeds, fakes) = queried("Scheduled,Running,Complete", "some");
    assert_eq!(printed, "tenant=contoso  requests=20\nrequests=3  cause=-\n");
    assert!(succeeds);
    assert_eq!((fakes.count("start-query"), fakes.count("get-query-results")), (1, 4));
    assert_eq!(fakes.count("/aws/lambda/dynabind-datasets"), 1, "each group is an argument");
    let (printed, succeeds, _) = queried("Complete", "none");
    assert_eq!((printed.as_str(), succeeds), ("", true), "no line matches");
}

#[test]
fn the_query_helper_ends_if_the_query_fails() {
    for (ends, polls) in [
        ("logs start-query", 0),
        ("logs get-query-results", 1),
        ("Running,Failed", 2),
        ("Timeout", 1),
        ("Cancelled", 1),
        ("Unknown", 1),
    ] {
        let (printed, succeeds, fakes) = queried(ends, "some");
        assert_eq!((printed.as_str(), succeeds, fakes.count("get-query-results")), ("", false, polls), "{ends}");
    }
}
