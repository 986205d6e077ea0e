//! The stack that `CloudFormation` would create from `template.yaml` (`tests/template/deploy.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};

use crate::process::python;
use crate::project;

/// The parameters that a deployment names in addition to the required ones.
pub type Parameters<'p> = &'p [(&'p str, &'p str)];

/// A created stack.
#[derive(Clone, Debug)]
pub struct Deployed(Value);

impl Deployed {
    /// A resource. Fails if the stack does not have it.
    #[must_use]
    pub fn resource(&self, name: &str) -> &Value {
        self.get(name).unwrap_or_else(|| panic!("no {name}"))
    }

    /// A resource, if the stack has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0["Resources"].get(name)
    }

    /// The resources of a type, by their names.
    #[must_use]
    pub fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let all = self.0["Resources"].as_object().unwrap().iter();
        all.filter(|(_, resource)| resource["Type"] == kind).map(|(name, resource)| (name.as_str(), resource)).collect()
    }

    /// The types of the resources.
    #[must_use]
    pub fn types(&self) -> BTreeSet<&str> {
        let all = self.0["Resources"].as_object().unwrap().values();
        all.map(|resource| resource["Type"].as_str().unwrap()).collect()
    }

    /// An output's value.
    #[must_use]
    pub fn output(&self, name: &str) -> &Value {
        &self.0["Outputs"][name]
    }
}

/// The program that deploys. All tests share it, because it needs more time to start than to deploy. It ends with the tests,
/// when its standard input ends.
struct Deployer {
    python: Child,
    answers: BufReader<ChildStdout>,
}

impl Deployer {
    fn start() -> Self {
        let mut python = python()
            .arg("tests/template/deploy.py")
            .current_dir(project::root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(python.stdout.take().unwrap());
        Self { python, answers }
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.python.stdin.as_mut().unwrap(), "{request}").unwrap();
        let mut answer = String::new();
        let _ = self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("tests/template/deploy.py ended: {error}"))
    }
}

static DEPLOYER: LazyLock<Mutex<Deployer>> = LazyLock::new(|| Mutex::new(Deployer::start()));

/// Deploys a template of the project once for each set of parameters.
///
/// # Errors
/// When the transform or `CloudFormation` refuses one of them.
pub fn deploy_template(path: &str, sets: &[Parameters<'_>]) -> Result<Vec<Deployed>, String> {
    let required = [
        ("Issuer", "https://issuer.example.com"),
        ("Audience", "api://dynabind"),
        ("AllowedOrigins", "https://app.example.com"),
    ];
    let sets: Vec<Value> = sets
        .iter()
        .map(|set| required.iter().chain(*set).map(|(name, value)| ((*name).to_owned(), json!(value))).collect())
        .collect();
    let answer = DEPLOYER.lock().unwrap().ask(&json!({ "template": path, "sets": sets }));
    match answer["stacks"].as_array() {
        Some(stacks) => Ok(stacks.iter().cloned().map(Deployed).collect()),
        None => Err(answer["error"].to_string()),
    }
}

/// Deploys `template.yaml` once for each set of parameters.
#[must_use]
pub fn deploy(sets: &[Parameters<'_>]) -> Vec<Deployed> {
    deploy_template("template.yaml", sets).unwrap_or_else(|error| panic!("{error}"))
}
