//! The release archive on a machine without a toolchain, and what `make package` does before a deployment.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use acceptance::environment::Environment;
use acceptance::process::python;
use acceptance::{deployed, project};
use devstack::{Stack, StackOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

const FUNCTIONS: [&str; 3] = ["token", "config", "datasets"];

/// The processor that runs the tests, and another one.
const HERE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
const ELSEWHERE: &str = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };

/// The machine numbers of ELF headers.
const PROCESSORS: [(&str, u8); 2] = [("x86_64", 0x3e), ("arm64", 0xb7)];

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn succeed(command: &mut Command) -> String {
    let output = run(command);
    let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {all}");
    all
}

fn tool(name: &str) -> Command {
    let mut python = python();
    python.arg(project::root().join("tools").join(name)).current_dir(project::root());
    python
}

/// Builds the archive from existing binaries, and unpacks it into an empty folder.
fn unpacked(arch: &str, binaries: &Path) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let bills = folder.path().join("bills");
    fs::create_dir(&bills).unwrap();
    for name in FUNCTIONS {
        fs::write(bills.join(format!("{name}.cdx.json")), r#"{"bomFormat":"CycloneDX"}"#).unwrap();
    }
    let mut release = tool("release");
    release.arg(arch).args(["--level", "0", "--runbook-url", "https://example.com/operations.md"]);
    release.arg("--binaries").arg(binaries).arg("--sbom").arg(&bills).arg("--out").arg(folder.path().join("out"));
    let archive = succeed(&mut release).trim().to_owned();
    succeed(Command::new("tar").args(["-xzf", &archive]).current_dir(folder.path()));
    fs::remove_dir_all(folder.path().join("out")).unwrap();
    let root = folder.path().join(format!("dynabind-{arch}"));
    (folder, root)
}

/// Files that have only an ELF header, for a processor other than the one that runs the tests.
fn binaries_for(machine: u8) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut header = vec![0; 64];
    header[..4].copy_from_slice(b"\x7fELF");
    header[18] = machine;
    for name in FUNCTIONS.iter().chain(&["dynabind"]) {
        fs::write(folder.path().join(name), &header).unwrap();
    }
    folder
}

fn template(root: &Path) -> Value {
    project::yaml(root.join("template.yaml").to_str().unwrap())
}

fn assert_is_complete(root: &Path, arch: &str) {
    let template = template(root);
    let parameter = &template["Parameters"]["Architecture"];
    assert_eq!((&parameter["Default"], &parameter["AllowedValues"]), (&json!(arch), &json!([arch])));
    assert_eq!(template["Parameters"]["RunbookUrl"]["Default"], "https://example.com/operations.md");
    assert!(template["Globals"]["Function"]["CodeUri"].is_null());
    let machine = PROCESSORS.iter().find(|(name, _)| *name == arch).unwrap().1;
    let mut code = 0;
    for (name, resource) in template["Resources"].as_object().unwrap() {
        assert!(resource["Metadata"]["BuildMethod"].is_null(), "{name} would be built");
        let properties = &resource["Properties"];
        if let Some(uri) = properties["CodeUri"].as_str() {
            let binary = root.join(uri).join("bootstrap");
            assert_eq!(fs::read(&binary).unwrap()[18], machine, "{name}");
            assert_ne!(fs::metadata(&binary).unwrap().permissions().mode() & 0o111, 0, "{name} is not executable");
            code += 1;
        }
        if let Some(uri) = properties["ContentUri"].as_str() {
            assert!(root.join(uri).join("catalog.json").is_file(), "{name}");
        }
    }
    assert_eq!(code, FUNCTIONS.len());
    for file in [
        "dynabind",
        "deploy/terraform/main.tf",
        "README.md",
        "docs/deploy.md",
        "samconfig.toml",
        "tools/smoke",
        "sbom/token.cdx.json",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
    succeed(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(root));
    let listed = fs::read_to_string(root.join("SHA256SUMS")).unwrap().lines().count();
    let files = succeed(Command::new("find").args([".", "-type", "f"]).current_dir(root)).lines().count();
    assert_eq!(listed + 1, files, "every file except the list of checksums");
}

/// A folder for `PATH` with only `sam`: it has neither cargo nor node.
fn path_with_sam_only() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    symlink(project::root().join(".venv/bin/sam"), folder.path().join("sam")).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archive_deploys_and_runs_without_a_toolchain() {
    let (_folder, root) = tokio::task::spawn_blocking(|| {
        let (folder, root) = unpacked(HERE, project::binary("dynabind").parent().unwrap());
        assert_is_complete(&root, HERE);
        let tools = path_with_sam_only();
        let valid = succeed(
            Command::new(tools.path().join("sam"))
                .args(["validate", "--lint"])
                .current_dir(&root)
                .env("PATH", tools.path())
                .envs([("AWS_REGION", "eu-west-1"), ("SAM_CLI_TELEMETRY", "0")]),
        );
        assert!(valid.contains("is a valid SAM Template"), "{valid}");
        let stacks = deployed::deploy_template(root.join("template.yaml").to_str().unwrap(), &[&[]]).unwrap();
        assert_eq!(stacks[0].of_type("AWS::Lambda::Function").len(), FUNCTIONS.len());
        assert!(succeed(Command::new(root.join("dynabind")).arg("--help")).contains("Usage"));
        (folder, root)
    })
    .await
    .unwrap();
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let body = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan" }] });
    for (function, method, body) in
        [("token", "POST", Some(&body)), ("config", "POST", Some(&body)), ("datasets", "GET", None)]
    {
        let binary = root.join("functions").join(function).join("bootstrap");
        let environment = Environment::start_binary(&binary, function, stack.variables()).await;
        let event = stack.event(method, &format!("/{function}"), Some("carl@contoso"), body);
        let answer = environment.invoke(event.to_string().into()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!(answer["statusCode"], 200, "{function}: {answer:#}");
    }
}

#[test]
fn an_archive_for_another_processor_is_complete() {
    let machine = PROCESSORS.iter().find(|(name, _)| *name == ELSEWHERE).unwrap().1;
    let (_folder, root) = unpacked(ELSEWHERE, binaries_for(machine).path());
    assert_is_complete(&root, ELSEWHERE);
}

/// A copy of the project without its `target`, and a `cargo` that copies binaries as cargo-lambda places them.
#[test]
fn a_release_can_be_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(project::root()).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if name != "target" && name != "tools" {
            symlink(entry.path(), folder.path().join(name)).unwrap();
        }
    }
    succeed(Command::new("cp").arg("-r").arg(project::root().join("tools")).arg(folder.path()));
    let machine = PROCESSORS.iter().find(|(name, _)| *name == HERE).unwrap().1;
    let binaries = binaries_for(machine);
    let path = tempfile::tempdir().unwrap();
    let cargo = format!(
        "#!/bin/sh -e\nwhile [ \"$1\" != --lambda-dir ]; do shift; done\nfor name in token config datasets dynabind; do\n  \
         mkdir -p \"$2/$name\"\n  cp \"{}/$name\" \"$2/$name/bootstrap\"\ndone\n",
        binaries.path().display()
    );
    fs::write(path.path().join("cargo"), cargo).unwrap();
    fs::set_permissions(path.path().join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", path.path().display(), std::env::var_os("PATH").unwrap().display());
    for _ in 0..2 {
        let mut release = python();
        release.arg(folder.path().join("tools/release")).args([HERE, "--level", "0"]).env("PATH", &path);
        let archive = succeed(&mut release).trim().to_owned();
        assert!(Path::new(&archive).is_file(), "{archive}");
    }
}

#[test]
fn a_build_for_one_processor_cannot_be_deployed_for_another() {
    for (arch, machine) in PROCESSORS {
        let other = PROCESSORS.iter().find(|(name, _)| *name != arch).unwrap().0;
        let build = tempfile::tempdir().unwrap();
        fs::create_dir(build.path().join("TokenFunction")).unwrap();
        fs::copy(binaries_for(machine).path().join("token"), build.path().join("TokenFunction/bootstrap")).unwrap();
        // As `sam build` writes it.
        let list = "    AllowedValues:\n    - arm64\n    - x86_64\n";
        let text = format!(
            "Parameters:\n  Architecture:\n    Type: String\n    Default: arm64\n{list}  Other:\n    Default: 1\n"
        );
        fs::write(build.path().join("template.yaml"), text).unwrap();
        let wrong = run(tool("pin-architecture").arg(build.path()).arg(other));
        assert!(!wrong.status.success());
        let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(told.contains(&format!("is built for {arch}, not for {other}")), "{told}");
        succeed(tool("pin-architecture").arg(build.path()).arg(arch));
        let template = template(build.path());
        assert_eq!(template["Parameters"]["Architecture"]["AllowedValues"], json!([arch]));
        assert_eq!(template["Parameters"]["Other"]["Default"], 1);
    }
}

#[test]
fn the_sample_catalog_and_a_faulty_one_are_not_deployed() {
    let check = |file: &str| {
        let mut check = Command::new(project::root().join("tools/check-catalog"));
        check.arg(file).arg(project::binary("dynabind")).args(["catalog", "validate"]).current_dir(project::root());
        let output = run(&mut check);
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.success(), told)
    };
    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("changed.json");
    let sample = project::text("layers/sample/catalog.json");
    fs::write(&changed, sample.replace("22222222", "2b2b2b2b")).unwrap();
    for file in ["layers/sample/catalog.json", changed.to_str().unwrap()] {
        let (passed, told) = check(file);
        assert!(!passed && told.contains("ids of the sample"), "{told}");
    }
    let faulty = folder.path().join("faulty.json");
    fs::write(&faulty, r#"{"reports":{},"datasets":{},"tenants":{"a":{"grants":[{"reports":["none"]}]}}}"#).unwrap();
    let (passed, told) = check(faulty.to_str().unwrap());
    assert!(!passed && told.contains("/tenants/a"), "{told}");
    let (passed, told) = check("layers/nowhere.json");
    assert!(!passed && told.contains("CATALOG="), "{told}");
    let makefile = project::text("Makefile");
    assert!(makefile.contains("tools/check-catalog '$(CATALOG)' $(VALIDATE)"), "`make package` checks it");
    assert!(makefile.contains("\ndeploy: package "), "`make deploy` packages first");
}
