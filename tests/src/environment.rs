//! An execution environment of Lambda whose log a test reads.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use serde_json::Value;
use tempfile::NamedTempFile;
use test_support::lambda;

use crate::project;

pub use test_support::lambda::{Invocations, trace_of};

/// The environment. It ends with the test.
pub struct Environment {
    environment: lambda::Environment,
    log: NamedTempFile,
}

impl Environment {
    /// Starts a function's binary with these variables and those that Lambda sets.
    pub async fn start(function: &str, variables: &BTreeMap<String, String>) -> Self {
        let name = function.to_owned();
        let binary = tokio::task::spawn_blocking(move || project::binary(&name)).await.unwrap();
        Self::start_binary(&binary, function, variables).await
    }

    /// Starts a file as this function.
    pub async fn start_binary(binary: &Path, function: &str, variables: &BTreeMap<String, String>) -> Self {
        let log = NamedTempFile::new().unwrap();
        let lambda = [
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let stdout = File::create(log.path()).unwrap().into();
        let variables = variables.clone().into_iter().chain(lambda);
        let environment = lambda::Environment::start(binary, variables, stdout).await.unwrap();
        Self { environment, log }
    }

    /// The log lines about requests.
    #[must_use]
    pub fn request_lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == "request").collect()
    }
}

impl Deref for Environment {
    type Target = lambda::Environment;

    fn deref(&self) -> &Self::Target {
        &self.environment
    }
}
