//! The real binaries under cargo-lambda's emulator of Lambda.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::process::{Server, free_port, text, tool};
use crate::project;

/// cargo-lambda's emulator, and a process of each function that polls it.
pub struct CargoLambda {
    emulator: Server,
    functions: Vec<Server>,
}

impl CargoLambda {
    /// Builds the functions and starts them with these environment variables.
    #[must_use]
    pub fn start(variables: &BTreeMap<String, String>) -> Self {
        let port = free_port();
        let mut command = Command::new(tool("cargo-lambda"));
        // Without this option, cargo-lambda compiles the functions itself, with different features.
        command
            .args(["lambda", "watch", "--only-lambda-apis", "--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &port.to_string()]);
        let emulator = Server::start("cargo-lambda", port, &mut command);
        let functions = ["token", "config", "datasets"].into_iter().map(|name| {
            let mut command = Command::new(project::binary(name));
            command
                .env_clear()
                .envs(variables)
                .env("AWS_LAMBDA_RUNTIME_API", format!("http://127.0.0.1:{port}/.rt/{name}"))
                .env("AWS_LAMBDA_FUNCTION_NAME", name)
                .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
                .env("AWS_LAMBDA_FUNCTION_VERSION", "1");
            Server::spawn(name, port, &mut command)
        });
        Self { functions: functions.collect(), emulator }
    }

    /// A function's answer to the event in `tests/events/NAME.json`.
    #[must_use]
    pub fn invoke(&self, function: &str, event: &str) -> Value {
        let event = project::root().join(format!("tests/events/{event}.json"));
        let output = Command::new(tool("cargo-lambda"))
            .args(["lambda", "invoke", function, "--data-file", text(&event)])
            .args(["--invoke-address", "127.0.0.1"])
            .args(["--invoke-port", &self.emulator.port().to_string()])
            .args(["--output-format", "json"])
            .output()
            .unwrap();
        let failure = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{function} failed: {failure}\n{}", self.log());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", String::from_utf8_lossy(&output.stdout), self.log()))
    }

    /// The log of cargo-lambda and the functions.
    #[must_use]
    pub fn log(&self) -> String {
        std::iter::once(&self.emulator).chain(&self.functions).map(Server::log).collect()
    }
}
