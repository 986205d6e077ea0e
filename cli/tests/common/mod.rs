//! Runs the binary.
#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod fabric;
pub(crate) mod faults;
pub(crate) mod schema_faults;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use devstack::fake_tenant::FakeTenant;
use devstack::{Service, Stack, StackOptions};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use fabric::FakeFabric;

/// Runs the binary without the AWS settings of the environment.
pub(crate) fn dynabind(arguments: &[&str]) -> Output {
    dynabind_with(&[], arguments)
}

/// The same, with these variables.
pub(crate) fn dynabind_with(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dynabind"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    command.current_dir(root).args(arguments).env_remove("AWS_PROFILE").env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_REGION", "eu-central-1").envs(variables.iter().copied()).output().unwrap()
}

/// Writes a file of the tests.
pub(crate) fn write(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // Tests that run at the same time write the same file. None of them may read an incomplete one.
    let mut file = NamedTempFile::new_in(folder).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let path = folder.join(name);
    file.persist(&path).unwrap();
    path
}

/// The output of the binary, as JSON.
pub(crate) fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A report in PBIR-Legacy that uses `Sales[Amount]`.
pub(crate) fn demo_report() -> Value {
    let projection = json!({ "Values": [{ "queryRef": "Sales.Amount" }] });
    let select = json!([{ "Column": { "Expression": { "SourceRef": { "Source": "s" } }, "Property": "Amount" },
                          "Name": "Sales.Amount" }]);
    let query = json!({ "Version": 2, "From": [{ "Name": "s", "Entity": "Sales", "Type": 0 }], "Select": select });
    let visual = json!({ "visualType": "card", "projections": projection, "prototypeQuery": query });
    let config = json!({ "name": "v1", "singleVisual": visual });
    let section = json!({ "name": "s1", "displayName": "Overview", "config": "{}", "filters": "[]",
                          "visualContainers": [{ "config": config.to_string(), "filters": "[]" }] });
    json!({ "config": "{}", "filters": "[]", "sections": [section] })
}

/// A model with `Sales[Amount]` and one role.
pub(crate) fn demo_model() -> Value {
    json!({ "compatibilityLevel": 1567, "model": { "culture": "en-GB",
        "tables": [{ "name": "Sales", "columns": [{ "name": "Amount", "dataType": "double", "sourceColumn": "Amount" }],
                     "partitions": [] }],
        "roles": [{ "name": "Reader", "modelPermission": "read" }] } })
}

/// The development stack with a service principal's secret file.
pub(crate) struct Upstreams {
    pub(crate) stack: Stack,
    pub(crate) fabric_url: String,
    pub(crate) fabric_scope: &'static str,
    pub(crate) fabric: Arc<Mutex<FakeFabric>>,
    pub(crate) secret: NamedTempFile,
}

impl Upstreams {
    pub(crate) async fn start(fake_tenant: FakeTenant, fabric: FakeFabric) -> Self {
        let stack = Stack::start(StackOptions { fake_tenant, ..StackOptions::default() }).await.unwrap();
        let (fabric_url, fabric) = fabric::start(fabric).await;
        let mut secret = NamedTempFile::new().unwrap();
        secret.write_all(stack.stored_secret().as_bytes()).unwrap();
        Self { stack, fabric_url, fabric_scope: "https://analysis.windows.net/powerbi/api/.default", fabric, secret }
    }

    /// Starts the stack with its own stand-in for Fabric.
    pub(crate) async fn with_fabric_of_the_stack(fake_tenant: FakeTenant) -> Self {
        let upstreams = Self::start(fake_tenant, FakeFabric::default()).await;
        upstreams.stack.set_definition_time(std::time::Duration::ZERO);
        let fabric_url = upstreams.stack.upstream_url(Service::Fabric).to_owned();
        Self { fabric_url, fabric_scope: "https://api.fabric.microsoft.com/.default", ..upstreams }
    }

    /// The arguments, with the options for the addresses of the stand-ins.
    pub(crate) fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let [entra, powerbi] = [Service::Entra, Service::PowerBi].map(|service| self.stack.upstream_url(service));
        let secret = self.secret.path().to_str().unwrap();
        let connection = [
            "--secret",
            secret,
            "--entra-url",
            entra,
            "--powerbi-url",
            powerbi,
            "--fabric-url",
            &self.fabric_url,
            "--fabric-scope",
            self.fabric_scope,
        ];
        arguments.iter().chain(&connection).map(|&text| text.to_owned()).collect()
    }

    /// Runs the binary against the stand-ins.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let arguments = self.arguments(arguments);
        tokio::task::spawn_blocking(move || dynabind(&arguments.iter().map(String::as_str).collect::<Vec<_>>()))
            .await
            .unwrap()
    }
}

/// The findings of a result, as `code report dataset`.
pub(crate) fn findings(result: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |finding: &Value| {
        format!("{} {} {}", text(&finding["code"]), text(&finding["report"]), text(&finding["dataset"]))
    };
    let mut rows: Vec<_> = result["findings"].as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}
