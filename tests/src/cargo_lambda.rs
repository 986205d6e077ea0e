//! The real binaries under cargo-lambda's emulation of Lambda.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::process::{Server, free_port, path_with_tools, text, tool};
use crate::project;

/// `cargo lambda watch`, serving every function of the workspace.
pub struct CargoLambda {
    server: Server,
}

impl CargoLambda {
    /// Builds the functions and starts serving them with these environment variables.
    #[must_use]
    pub fn watch(vars: &BTreeMap<String, String>) -> Self {
        // cargo-lambda compiles a function at its first call; that would be a very slow first answer.
        let _ = project::cargo(&["build", "--bins"]);
        let port = free_port();
        let mut command = Command::new(tool("cargo-lambda"));
        command
            .args(["lambda", "watch", "--ignore-changes", "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &port.to_string()])
            .env("PATH", path_with_tools())
            .env("CARGO_NET_OFFLINE", "true")
            .envs(vars);
        Self { server: Server::start("cargo-lambda", port, &mut command) }
    }

    /// What a function answers to the event in `tests/events/NAME.json`.
    #[must_use]
    pub fn invoke(&self, function: &str, event: &str) -> Value {
        let event = project::root().join(format!("tests/events/{event}.json"));
        let output = Command::new(tool("cargo-lambda"))
            .args(["lambda", "invoke", function, "--data-file", text(&event)])
            .args(["--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &self.server.port().to_string()])
            .args(["--output-format", "json"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{function} failed: {}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.server.log()
        );
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}\n{}", String::from_utf8_lossy(&output.stdout), self.server.log())
        })
    }

    /// What the functions and cargo-lambda have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.log()
    }
}
