//! The other commands as an operator runs them: the binary against the development stack's stand-ins.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Output;

use common::fabric::FakeFabric;
use common::{Upstreams, dynabind, dynabind_with, json_of};
use devstack::fake_tenant::{FakeTenant, ids};
use devstack::{FederatedCredential, Service};
use serde_json::Value;

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../devstack/demo/catalog.json")
}

async fn upstreams_of(tenant: FakeTenant) -> Upstreams {
    Upstreams::start(tenant, FakeFabric::default()).await
}

const CARL: [&str; 6] = ["--claim", "sub=carl", "--claim", "tenant=contoso", "--claim", "email=carl@contoso.example"];

#[tokio::test(flavor = "multi_thread")]
async fn the_three_jobs_answer_as_the_functions_do() {
    let upstreams = upstreams_of(FakeTenant::demo()).await;
    let catalog = demo();
    let job = |command: &'static str, more: &[&'static str]| {
        let arguments = [&[command, "--catalog", catalog.to_str().unwrap()], &CARL[..], more].concat();
        let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
        let upstreams = &upstreams;
        async move { upstreams.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    let output = job("token", &["--report", "sales", "--dataset", "contoso-sales", "--lifetime-minutes", "20"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let opened = upstreams.stack.embed_token(json_of(&output)["token"].as_str().unwrap()).unwrap();
    assert!(
        opened.to_string().contains(ids::CONTOSO_SALES) && opened.to_string().contains("carl@contoso.example"),
        "{opened}"
    );
    let output = job("config", &["--report", "sales", "--dataset", "contoso-plan"]).await;
    assert_eq!(json_of(&output)["configs"][0]["datasetBinding"]["datasetId"], ids::CONTOSO_PLAN, "{output:?}");
    let output = job("datasets", &[]).await;
    assert_eq!(json_of(&output)["datasets"][0]["dataset"], "contoso-plan", "{output:?}");
    let output = job("token", &["--report", "ops", "--dataset", "contoso-plan"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(json_of(&output)["type"], "urn:dynabind:problem:not-entitled");
    upstreams.stack.expire_client_secrets();
    let output = job("token", &["--report", "sales", "--dataset", "contoso-plan"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(json_of(&output)["cause"].as_str().unwrap().contains("Entra"), "{output:?}");
}

/// The steps of `doctor` as number and health.
async fn diagnosed(upstreams: &Upstreams, catalog: &str) -> (Option<i32>, Vec<(u64, String)>) {
    let output = upstreams.run(&["doctor", "--json", "--catalog", catalog, "--claim", "email=a@x"]).await;
    let steps = json_of(&output);
    let step = |step: &Value| (step["step"].as_u64().unwrap(), step["health"].as_str().unwrap().to_owned());
    (output.status.code(), steps.as_array().unwrap().iter().map(step).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_stops_at_the_first_step_that_fails() {
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(demo()).unwrap()).unwrap();
    let small = serde_json::json!({
        "reports": { "sales": whole["reports"]["sales"] }, "datasets": { "plan": whole["datasets"]["contoso-plan"] },
        "tenants": { "contoso": { "grants": [{ "reports": ["sales"], "datasets": ["plan"] }] } },
    });
    let file = common::write("doctor.json", &small.to_string());
    let file = file.to_str().unwrap();

    let upstreams = upstreams_of(FakeTenant::demo()).await;
    let (code, steps) = diagnosed(&upstreams, file).await;
    let expected = ["good", "not-checked", "good", "good", "good", "good", "good", "good"];
    let expected: Vec<_> = (1..).zip(expected.map(str::to_owned)).collect();
    assert_eq!((code, steps), (Some(0), expected));
    upstreams.stack.expire_client_secrets();
    assert_eq!(diagnosed(&upstreams, file).await, (Some(1), vec![(1, "failed".to_owned())]));

    let mut revoked = FakeTenant::demo();
    revoked.workspaces.iter_mut().find(|workspace| workspace.id == ids::CONTOSO_WORKSPACE).unwrap().members.clear();
    let (code, steps) = diagnosed(&upstreams_of(revoked).await, file).await;
    assert_eq!((code, steps.last().unwrap()), (Some(1), &(4, "failed".to_owned())));

    let mut paused = FakeTenant::demo();
    paused.capacities.iter_mut().for_each(|capacity| capacity.paused = true);
    let (code, steps) = diagnosed(&upstreams_of(paused).await, file).await;
    assert_eq!((code, steps.last().unwrap()), (Some(1), &(6, "failed".to_owned())));
}

/// Runs a command without a secret, with the AWS credentials that the stand-in of STS knows.
async fn federated(upstreams: &Upstreams, arguments: &[&str], more: &[(&str, &str)]) -> Output {
    let url = |service| upstreams.stack.upstream_url(service).to_owned();
    let tenant = upstreams.stack.fake_tenant();
    let fabric_url = upstreams.fabric_url.clone();
    let variables = [
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "dev".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "dev".to_owned()),
        ("AWS_ENDPOINT_URL_STS", url(Service::Sts)),
        ("DYNABIND_CREDENTIAL", "federated".to_owned()),
        ("DYNABIND_ENTRA_TENANT_ID", tenant.directory_id.clone()),
        ("DYNABIND_ENTRA_CLIENT_ID", tenant.client_id.clone()),
        ("DYNABIND_ENTRA_URL", url(Service::Entra)),
        ("DYNABIND_POWERBI_URL", url(Service::PowerBi)),
        ("DYNABIND_FABRIC_URL", fabric_url),
        ("DYNABIND_FABRIC_SCOPE", "https://analysis.windows.net/powerbi/api/.default".to_owned()),
    ];
    let more = more.iter().map(|&(name, value)| (name, value.to_owned()));
    let variables: Vec<_> = variables.into_iter().chain(more).map(|(n, v)| (n.to_owned(), v)).collect();
    let arguments: Vec<_> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let run = move || {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        dynabind_with(&variables, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_federated_credential_is_read_as_the_functions_read_it() {
    let upstreams = upstreams_of(FakeTenant::demo()).await;
    let catalog = demo();
    let mut arguments = vec!["config", "--catalog", catalog.to_str().unwrap(), "--report", "sales"];
    arguments.extend(["--dataset", "contoso-plan"].iter().chain(&CARL));
    let output = federated(&upstreams, &arguments, &[]).await;
    assert_eq!(json_of(&output)["configs"][0]["datasetBinding"]["datasetId"], ids::CONTOSO_PLAN, "{output:?}");
    assert!(upstreams.stack.log().all().iter().all(|call| call.service != Service::SecretsManager));

    let output = federated(&upstreams, &arguments, &[("DYNABIND_SECRET_ID", "dynabind/sp")]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && error.contains("DYNABIND_SECRET_ID"), "{output:?}");
    let output = federated(&upstreams, &arguments, &[("DYNABIND_ENTRA_CLIENT_ID", "x")]).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && error.contains("DYNABIND_ENTRA_CLIENT_ID"), "{output:?}");

    // A secret in a file overrides the environment.
    let secret = upstreams.secret.path().to_str().unwrap();
    upstreams.stack.log().clear();
    let output = federated(&upstreams, &[&arguments[..], &["--secret", secret]].concat(), &[]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(upstreams.stack.log().all().iter().all(|call| call.service != Service::Sts));
}

/// Step 1 of `doctor`: its health, and its notes as one text.
async fn first_step(upstreams: &Upstreams) -> (Option<i32>, String, String) {
    let output = federated(upstreams, &["doctor", "--json"], &[]).await;
    let step = &json_of(&output)[0];
    assert_eq!(step["step"], 1);
    (output.status.code(), step["health"].as_str().unwrap().to_owned(), step["notes"].to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_explains_refusals_of_a_federated_credential() {
    let upstreams = upstreams_of(FakeTenant::demo()).await;
    let stack = &upstreams.stack;
    let (code, health, notes) = first_step(&upstreams).await;
    assert_eq!((code, health.as_str()), (Some(0), "good"), "{notes}");

    stack.enable_outbound_federation(false);
    let (code, health, notes) = first_step(&upstreams).await;
    assert_eq!((code, health.as_str()), (Some(1), "failed"), "{notes}");
    for part in ["OutboundWebIdentityFederationDisabled", "aws iam enable-outbound-web-identity-federation"] {
        assert!(notes.contains(part), "{notes}");
    }
    stack.enable_outbound_federation(true);

    let good = stack.federated_credential();
    let subject = good.subject.to_lowercase();
    stack.replace_federated_credentials(vec![FederatedCredential { subject, ..good.clone() }]);
    let (code, health, notes) = first_step(&upstreams).await;
    assert_eq!((code, health.as_str()), (Some(1), "failed"), "{notes}");
    for part in ["AADSTS700213", "same upper and lower case", &good.issuer, &good.subject, &good.audience] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    assert!(!notes.contains("eyJ"), "the token is a secret: {notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_catalog_grants_each_report_over_the_models_that_fit_it() {
    let mut other = common::demo_model();
    other["model"]["tables"][0]["name"] = "Costs".into();
    let models = [(ids::CONTOSO_PLAN.to_owned(), other)].into();
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric { models, ..FakeFabric::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.json");
    let output = upstreams.run(&["init", "--yes", "--file", file.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let catalog: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let ids: Vec<_> =
        catalog["datasets"].as_object().unwrap().values().map(|dataset| dataset["datasetId"].clone()).collect();
    assert!(ids.contains(&ids::CONTOSO_SALES.into()) && !ids.contains(&ids::CONTOSO_PLAN.into()), "{catalog:#}");
    assert_eq!(catalog["datasets"]["contoso-sales"]["identity"]["username"], "{email}", "{catalog:#}");
    let grant = &catalog["tenants"]["contoso"]["grants"][0];
    assert!(grant["reports"].as_array().unwrap().contains(&"sales-overview".into()), "{grant:#}");
    let arguments = ["check", "--json", "--catalog", file.to_str().unwrap(), "--claim", "email=a@x"];
    let result = json_of(&upstreams.run(&arguments).await);
    assert!(!common::findings(&result).iter().any(|finding| finding.starts_with("schema")), "{result:#}");
    let again = upstreams.run(&["init", "--yes", "--file", file.to_str().unwrap()]).await;
    assert_eq!(again.status.code(), Some(2), "a file that exists is kept");
}

#[test]
fn without_credentials_no_upstream_is_called() {
    let catalog = demo();
    for command in ["check", "doctor"] {
        let output = dynabind(&[command, "--catalog", catalog.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("--secret"), "{output:?}");
    }
}

/// The exit code, the standard output as JSON if there is any, and the `JUnit` file if it was written.
async fn with_junit(upstreams: &Upstreams, name: &str, arguments: &[&str]) -> (i32, Option<Value>, Option<String>) {
    let junit = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&junit);
    let arguments = [arguments, &["--json", "--junit", junit.to_str().unwrap()]].concat();
    let is_offline = arguments.contains(&"validate");
    let output = if is_offline { dynabind(&arguments) } else { upstreams.run(&arguments).await };
    let shown = (!output.stdout.is_empty()).then(|| json_of(&output));
    assert_eq!(output.stdout.is_empty(), !output.stderr.is_empty() && output.status.code() == Some(2), "{output:?}");
    (output.status.code().unwrap(), shown, std::fs::read_to_string(junit).ok())
}

/// Every command with findings has JSON, `JUnit` and the three exit codes.
#[tokio::test(flavor = "multi_thread")]
async fn findings_come_as_json_and_junit_with_their_exit_codes() {
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(demo()).unwrap()).unwrap();
    let mut clean = serde_json::json!({
        "reports": { "sales": whole["reports"]["sales"] }, "datasets": { "plan": whole["datasets"]["contoso-plan"] },
        "tenants": { "contoso": { "grants": [{ "reports": ["sales"], "datasets": ["plan"] }] } },
    });
    let good = common::write("codes-good.json", &clean.to_string());
    clean["datasets"]["plan"]["datasetId"] = ids::MISSING_DATASET.into();
    let broken = common::write("codes-broken.json", &clean.to_string());
    clean["tenants"]["contoso"]["grants"][0]["reports"] = serde_json::json!(["<none> & \"none\""]);
    let invalid = common::write("codes-invalid.json", &clean.to_string());
    let [good, broken, invalid] = [&good, &broken, &invalid].map(|path| path.to_str().unwrap());
    let upstreams = upstreams_of(FakeTenant::demo()).await;
    for (command, files) in [
        (&["check", "--catalog"][..], [good, broken, "no/such/file"]),
        (&["doctor", "--catalog"], [good, broken, "no/such/file"]),
        (&["catalog", "validate", "--file"], [good, invalid, "no/such/file"]),
    ] {
        for (expected, file) in (0..).zip(files) {
            let name = format!("codes-{}-{expected}.xml", command.join("-"));
            let (code, shown, xml) = with_junit(&upstreams, &name, &[command, &[file]].concat()).await;
            assert_eq!(code, expected, "{command:?} {file}: {shown:?}");
            assert_eq!((shown.is_some(), xml.is_some()), (code < 2, code < 2), "{command:?} {file}");
            let Some(xml) = xml else { continue };
            assert_eq!(xml.contains("failures=\"0\""), code == 0, "{xml}");
            assert_eq!(xml.matches("<testcase").count(), xml.matches("</testcase>").count(), "{xml}");
            let tests = format!("tests=\"{}\"", xml.matches("<testcase").count());
            assert!(xml.contains(&tests) && !xml.contains("<none>"), "{xml}");
        }
        let arguments = [command, &[good, "--junit", "no/such/folder/x.xml"]].concat();
        let is_offline = command.contains(&"validate");
        let output = if is_offline { dynabind(&arguments) } else { upstreams.run(&arguments).await };
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn junit_of_the_doctor_has_a_case_for_each_step() {
    let mut paused = FakeTenant::demo();
    paused.capacities.iter_mut().for_each(|capacity| capacity.paused = true);
    let upstreams = upstreams_of(paused).await;
    let arguments = ["doctor", "--catalog", demo().to_str().unwrap(), "--tenant", "fabrikam"].map(str::to_owned);
    let arguments = arguments.each_ref().map(String::as_str);
    let (code, _, xml) = with_junit(&upstreams, "doctor-steps.xml", &arguments).await;
    let xml = xml.unwrap();
    assert_eq!((code, xml.matches("<testcase").count()), (1, 8), "{xml}");
    assert!(xml.contains("<failure type=\"step-6\"") && xml.contains("failures=\"1\""), "{xml}");
    assert_eq!(xml.matches("<skipped message=\"an earlier step failed\"").count(), 2, "{xml}");
}

/// Runs `init` with answers through a pipe.
async fn init(upstreams: &Upstreams, file: &Path, answers: &str) -> std::process::Output {
    use std::io::Write as _;
    let arguments = upstreams.arguments(&["init", "--file", file.to_str().unwrap()]);
    let answers = answers.to_owned();
    let run = move || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dynabind"));
        let pipe = std::process::Stdio::piped;
        let mut child = command.args(arguments).stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn init_asks_for_the_tenant_of_each_workspace() {
    let upstreams = upstreams_of(FakeTenant::demo()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.json");
    // Shared reports, Contoso, Fabrikam, Sandbox, Reading room, Contoso finance, Paused.
    let output = init(&upstreams, &file, "-\nAcme Ltd\n\n-\n-\n-\n-\n").await;
    let asked = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{asked}");
    assert!(asked.contains("Tenant of workspace Contoso (6 datasets) [contoso; - for none]: "), "{asked}");
    assert_eq!(asked.matches("Tenant of workspace ").count(), 7, "{asked}");
    let catalog: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let tenants: Vec<_> = catalog["tenants"].as_object().unwrap().keys().collect();
    assert_eq!(tenants, ["Acme Ltd", "fabrikam"], "{catalog:#}");
    let validated = dynabind(&["catalog", "validate", "--file", file.to_str().unwrap()]);
    assert_eq!(validated.status.code(), Some(0), "{validated:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_asks_again_after_a_wrong_answer_and_writes_nothing_without_answers() {
    let upstreams = upstreams_of(FakeTenant::demo()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.json");
    let long = "x".repeat(257);
    let output = init(&upstreams, &file, &format!("-\n{long}\nacme\nacme\nfabrikam\n-\n-\n-\n-\n")).await;
    let asked = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{asked}");
    for part in ["is not a valid tenant name: expected a tenant name", "`acme` is the tenant of another workspace"] {
        assert!(asked.contains(part), "{asked}");
    }
    assert_eq!(asked.matches("Tenant of workspace ").count(), 9, "two questions are asked again: {asked}");
    let catalog: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let tenants: Vec<_> = catalog["tenants"].as_object().unwrap().keys().collect();
    assert_eq!(tenants, ["acme", "fabrikam"], "{catalog:#}");

    let unanswered = folder.path().join("unanswered.json");
    let output = init(&upstreams, &unanswered, "-\nacme\n").await;
    let asked = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && asked.contains("--yes accepts every proposal"), "{asked}");
    assert!(!unanswered.exists(), "nothing is written");
}
