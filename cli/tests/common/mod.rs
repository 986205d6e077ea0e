//! Running the binary.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the binary with nothing of this machine's AWS settings.
pub(crate) fn dynabind(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynabind"));
    command.args(arguments).env_remove("AWS_PROFILE").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_REGION", "eu-central-1").output().unwrap()
}

/// Writes a file of the tests.
pub(crate) fn write(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// What it printed, as JSON.
pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}
