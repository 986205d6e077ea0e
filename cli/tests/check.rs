//! `dynabind check` as an operator runs it: the binary against the development stack's stand-ins.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::fabric::FakeFabric;
use common::{Upstreams, demo_model, findings, json_of, write};
use devstack::Fault;
use devstack::fake_tenant::{FakeTenant, IdentityNeed, Role, ids};
use serde_json::{Value, json};

const ANA: [&str; 2] = ["--claim", "email=ana@contoso.example"];

fn demo() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../devstack/demo/catalog.json");
    let mut catalog: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    catalog.as_object_mut().unwrap().remove("$schema");
    catalog
}

/// One grant: the sales report over Contoso's plan, which has no row-level security.
fn small() -> Value {
    let whole = demo();
    json!({
        "reports": { "sales": whole["reports"]["sales"] },
        "datasets": { "plan": whole["datasets"]["contoso-plan"] },
        "tenants": { "contoso": { "grants": [{ "reports": ["sales"], "datasets": ["plan"] }] } },
    })
}

/// Checks a catalog; the exit code, and the result as JSON.
async fn check(upstreams: &Upstreams, name: &str, catalog: &Value, more: &[&str]) -> (i32, Value) {
    let file = write(name, &catalog.to_string());
    let output = upstreams.run(&[&["check", "--json", "--catalog", file.to_str().unwrap()], more].concat()).await;
    (output.status.code().unwrap(), json_of(&output))
}

async fn of_tenant(name: &str, fake_tenant: FakeTenant, catalog: &Value) -> Value {
    let upstreams = Upstreams::start(fake_tenant, FakeFabric::default()).await;
    check(&upstreams, name, catalog, &ANA).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn the_faults_of_the_demo_catalog_are_found_and_nothing_else() {
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric::default()).await;
    let (code, result) = check(&upstreams, "check-demo.json", &demo(), &ANA).await;
    let expected = [
        "dataset-not-found - contoso-archive",
        "identity-not-supported - contoso-plan-by-person",
        "identity-required - contoso-payroll",
        "identity-roles-required - contoso-regions",
        "report-not-found retired -",
        "workspace-not-on-capacity - contoso-trial",
        "workspace-not-on-capacity pilot -",
    ];
    assert_eq!((code, findings(&result)), (1, expected.map(str::to_owned).to_vec()), "{result:#}");
    for finding in result["findings"].as_array().unwrap() {
        assert!(finding["places"][0].as_str().unwrap().contains("check-demo.json#/"), "{finding:#}");
        assert!(!finding["remedy"].as_str().unwrap().is_empty() && !finding["viewerSees"].as_str().unwrap().is_empty());
    }
    let unchecked = result["notChecked"].as_array().unwrap();
    let of_claim = unchecked.iter().find(|item| item["because"].as_str().unwrap().contains("cost_center"));
    assert_eq!(of_claim.unwrap()["dataset"], "contoso-sales-by-cost-center");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_dataset_is_found_where_it_is_now() {
    let mut tenant = FakeTenant::demo();
    let plan = tenant.datasets.iter_mut().find(|dataset| dataset.id == ids::CONTOSO_PLAN).unwrap();
    plan.workspace = ids::FABRIKAM_WORKSPACE.to_owned();
    let result = of_tenant("check-moved.json", tenant, &small()).await;
    assert_eq!(findings(&result), ["dataset-moved - plan"]);
    let finding = &result["findings"][0];
    assert!(finding["remedy"].as_str().unwrap().contains(ids::FABRIKAM_WORKSPACE), "{finding:#}");
    assert!(finding["places"][0].as_str().unwrap().ends_with("#/datasets/plan/datasetId"), "{finding:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_capacity_and_a_revoked_role_are_found() {
    let mut tenant = FakeTenant::demo();
    tenant.capacities.iter_mut().for_each(|capacity| capacity.paused = true);
    let result = of_tenant("check-paused.json", tenant, &small()).await;
    assert_eq!(findings(&result), vec!["capacity-not-active sales plan"; 2], "{result:#}");

    let mut tenant = FakeTenant::demo();
    let contoso = tenant.workspaces.iter_mut().find(|workspace| workspace.id == ids::CONTOSO_WORKSPACE).unwrap();
    contoso.members.clear();
    let result = of_tenant("check-revoked.json", tenant.clone(), &small()).await;
    assert_eq!(findings(&result)[0], "workspace-not-visible - plan", "{result:#}");

    let contoso = tenant.workspaces.iter_mut().find(|workspace| workspace.id == ids::CONTOSO_WORKSPACE).unwrap();
    contoso.members.push((devstack::fake_tenant::Principal::App, Role::Viewer));
    let result = of_tenant("check-viewer.json", tenant, &small()).await;
    assert!(findings(&result).contains(&"role-too-low sales plan".to_owned()), "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_model_does_not_have_is_found() {
    let mut tenant = FakeTenant::demo();
    let plan = tenant.datasets.iter_mut().find(|dataset| dataset.id == ids::CONTOSO_PLAN).unwrap();
    plan.identity = IdentityNeed::Roles;
    let mut catalog = small();
    catalog["datasets"]["plan"]["identity"] =
        json!({ "username": "{email}", "roles": ["Reader", "Writer", "{tenant}"] });
    let result = of_tenant("check-role.json", tenant, &catalog).await;
    assert_eq!(findings(&result), ["role-missing - plan"], "{result:#}");
    let finding = &result["findings"][0];
    assert!(finding["problem"].as_str().unwrap().contains("`Writer`; it has Reader"), "{finding:#}");
    assert!(finding["places"][0].as_str().unwrap().ends_with("#/datasets/plan/identity/roles/1"), "{finding:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visual_that_would_break_is_named_with_its_page() {
    let column = "/model/tables/0/columns/0";
    let mut renamed = demo_model();
    *renamed.pointer_mut(&format!("{column}/name")).unwrap() = json!("Amounts");
    let mut retyped = demo_model();
    *retyped.pointer_mut(&format!("{column}/dataType")).unwrap() = json!("string");
    for (name, model, part) in [
        ("renamed", renamed, "column `Sales[Amount]` is missing; the model has `Sales[Amounts]`"),
        ("retyped", retyped, "Sales[Amount]"),
    ] {
        let models = [(ids::CONTOSO_PLAN.to_owned(), model)].into();
        let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric { models, ..FakeFabric::default() }).await;
        let (code, result) = check(&upstreams, &format!("check-{name}.json"), &small(), &[]).await;
        assert_eq!((code, findings(&result)), (1, vec!["schema sales plan".to_owned()]), "{result:#}");
        let finding = &result["findings"][0];
        assert_eq!((&finding["page"], &finding["visual"]), (&json!("Overview"), &json!("card")), "{finding:#}");
        assert!(finding["problem"].as_str().unwrap().contains(part), "{finding:#}");
        assert!(finding["places"][0].as_str().unwrap().ends_with("#/tenants/contoso/grants/0"), "{finding:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_judged_before_anything_else() {
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric::default()).await;
    upstreams.stack.expire_client_secrets();
    let (code, result) = check(&upstreams, "check-secret.json", &small(), &[]).await;
    assert_eq!((code, findings(&result)), (1, vec!["credential-refused - -".to_owned()]), "{result:#}");
    assert!(!result.to_string().contains(upstreams.stack.stored_secret().as_str()));
    std::fs::write(upstreams.secret.path(), r#"{"tenantId":"t"}"#).unwrap();
    let (code, result) = check(&upstreams, "check-secret.json", &small(), &[]).await;
    assert_eq!((code, findings(&result)), (1, vec!["secret-malformed - -".to_owned()]), "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_over_the_limits_of_a_token_is_found() {
    let mut catalog = small();
    let needed: Vec<_> = (0..50).map(|n| format!("00000004-0000-4000-8000-{n:012}")).collect();
    catalog["datasets"]["plan"]["alsoNeeds"] = json!(needed);
    let result = of_tenant("check-limits.json", FakeTenant::demo(), &catalog).await;
    assert_eq!(findings(&result), ["invalid-request sales plan"], "{result:#}");
    assert!(result["findings"][0]["problem"].as_str().unwrap().contains("51 datasets"), "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_not_a_finding() {
    let refused = vec![ids::CONTOSO_PLAN.to_owned()];
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric { refused, ..FakeFabric::default() }).await;
    let (code, result) = check(&upstreams, "check-refused.json", &small(), &[]).await;
    assert_eq!((code, findings(&result)), (0, Vec::new()), "{result:#}");
    let because = result["notChecked"].to_string();
    assert!(because.contains("definition of the model") && because.contains("InsufficientPrivileges"), "{because}");
    let file = write("check-unreachable.json", &small().to_string());
    let unreachable = common::dynabind(&[
        "check",
        "--catalog",
        file.to_str().unwrap(),
        "--secret",
        upstreams.secret.path().to_str().unwrap(),
        "--entra-url",
        "http://127.0.0.1:9",
        "--powerbi-url",
        "http://127.0.0.1:9",
    ]);
    assert_eq!(unreachable.status.code(), Some(2), "{unreachable:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_whose_definition_is_refused_is_read_by_queries() {
    let refused = vec![ids::CONTOSO_PLAN.to_owned()];
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric { refused, ..FakeFabric::default() }).await;
    let columns = json!([{ "[Table]": "Sales", "[Name]": "Amounts", "[DataType]": "Double" }]);
    for rows in [json!([{ "[Name]": "Sales" }]), columns, json!([]), json!([])] {
        let body = json!({ "results": [{ "tables": [{ "rows": rows }] }] }).to_string();
        let headers = [("content-type".to_owned(), "application/json".to_owned())].into();
        let answer = Fault::Status { status: 200, headers, body };
        upstreams.stack.powerbi().fail("POST /v1.0/myorg/groups/*/datasets/*/executeQueries", answer, Some(1));
    }
    let (code, result) = check(&upstreams, "check-query.json", &small(), &[]).await;
    assert_eq!((code, findings(&result)), (1, vec!["schema sales plan".to_owned()]), "{result:#}");
    assert!(
        result["findings"][0]["problem"].as_str().unwrap().contains("the model has `Sales[Amounts]`"),
        "{result:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_and_junit_name_place_and_remedy() {
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric::default()).await;
    let (file, junit) = (write("check-text.json", &demo().to_string()), write("check.xml", ""));
    let (file, junit) = (file.to_str().unwrap(), junit.to_str().unwrap());
    let output = upstreams.run(&["check", "--catalog", file, "--junit", junit, "--report", "pilot"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("[workspace-not-on-capacity] contoso: pilot\n"), "{text}");
    assert!(text.contains("#/reports/pilot/workspaceId") && text.contains("  remedy  assign the workspace"), "{text}");
    assert!(text.lines().last().unwrap().contains(" calls ("), "{text}");
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(xml.contains("<failure type=\"workspace-not-on-capacity\"") && !xml.contains("failures=\"0\""), "{xml}");
}

/// A clean catalog: `grants` grants over 50 reports and `models` models, in five workspaces.
fn large(grants: usize, models: usize) -> (FakeTenant, Value) {
    let guid = |kind: usize, n: usize| format!("{kind:08x}-0000-4000-8000-{n:012x}");
    let mut tenant = FakeTenant::demo();
    let workspaces = [ids::CONTOSO_WORKSPACE, ids::FABRIKAM_WORKSPACE, ids::REPORTS_WORKSPACE];
    let report = tenant.reports.iter().find(|report| report.id == ids::SALES_REPORT).unwrap().clone();
    let dataset = tenant.datasets.iter().find(|dataset| dataset.id == ids::CONTOSO_PLAN).unwrap().clone();
    let mut catalog = json!({ "reports": {}, "datasets": {}, "tenants": {} });
    for n in 0..50 {
        let (id, workspace) = (guid(2, n), ids::REPORTS_WORKSPACE);
        catalog["reports"][format!("r{n}")] = json!({ "name": "R", "workspaceId": workspace, "reportId": id });
        tenant.reports.push(devstack::fake_tenant::Report { id, workspace: workspace.to_owned(), ..report.clone() });
    }
    for n in 0..models {
        let (id, workspace) = (guid(3, n), workspaces[n % 3]);
        catalog["datasets"][format!("d{n}")] = json!({ "name": "D", "workspaceId": workspace, "datasetId": id });
        tenant.datasets.push(devstack::fake_tenant::Dataset { id, workspace: workspace.to_owned(), ..dataset.clone() });
    }
    for n in 0..grants {
        let grant = json!({ "reports": [format!("r{}", n % 50)], "datasets": [format!("d{}", n % models)] });
        catalog["tenants"][format!("t{n}")] = json!({ "grants": [grant] });
    }
    (tenant, catalog)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clean_grants_have_no_findings_and_each_definition_is_read_once() {
    let (tenant, catalog) = large(1000, 500);
    let upstreams = Upstreams::start(tenant, FakeFabric { throttle_every: Some(40), ..FakeFabric::default() }).await;
    let (code, result) = check(&upstreams, "check-large.json", &catalog, &[]).await;
    assert_eq!((code, findings(&result)), (0, Vec::new()), "{:#}", result["findings"]);
    let summary = &result["summary"];
    assert_eq!(
        (&summary["grants"], &summary["reports"], &summary["datasets"]),
        (&json!(1000), &json!(50), &json!(500))
    );
    assert!(summary["seconds"].as_f64().unwrap() > 0.0 && summary["throttled"].as_u64().unwrap() > 0, "{summary}");
    let asked = upstreams.fabric.lock().unwrap().asked.clone();
    assert_eq!(
        (asked.len(), asked.values().max()),
        (551, Some(&1)),
        "50 reports, 500 models, and the model that the reports were built on"
    );
    eprintln!("1,000 grants: {summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_continues_where_it_ended() {
    let (tenant, catalog) = large(60, 60);
    let upstreams = Upstreams::start(tenant, FakeFabric { hang_after: Some(25), ..FakeFabric::default() }).await;
    let file = write("check-resume.json", &catalog.to_string());
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check-resume.state");
    let _ = std::fs::remove_file(&state);
    let arguments = ["check", "--json", "--catalog", file.to_str().unwrap(), "--state", state.to_str().unwrap()];
    let mut child = Command::new(env!("CARGO_BIN_EXE_dynabind"))
        .args(upstreams.arguments(&arguments))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let finished = || std::fs::read_to_string(&state).unwrap_or_default().matches("\"schema ").count();
    while finished() == 0 || !upstreams.fabric.lock().unwrap().is_hanging() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = finished();
    upstreams.fabric.lock().unwrap().hang_after = None;
    upstreams.fabric.lock().unwrap().asked.clear();
    let output = upstreams.run(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let models = upstreams.fabric.lock().unwrap().asked.keys().filter(|id| id.starts_with("00000003")).count();
    assert_eq!(models, 60 - kept, "each model that was compared is not read again");
    assert!(!state.exists(), "a run that has ended leaves no state");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_of_a_workspace_is_checked_for_each_dataset_in_it() {
    let mut catalog = small();
    catalog["tenants"]["contoso"]["grants"][0] =
        json!({ "reports": ["sales"], "workspaces": [ids::FABRIKAM_WORKSPACE] });
    catalog["datasets"] = json!({});
    let result = of_tenant("check-workspace.json", FakeTenant::demo(), &catalog).await;
    let row = format!("identity-required - {}", ids::FABRIKAM_SALES);
    assert!(findings(&result).contains(&row), "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_workspace_that_cannot_be_listed_is_found() {
    let mut tenant = FakeTenant::demo();
    let fabrikam = tenant.workspaces.iter_mut().find(|workspace| workspace.id == ids::FABRIKAM_WORKSPACE).unwrap();
    fabrikam.members.clear();
    let mut catalog = small();
    catalog["tenants"]["contoso"]["grants"][0] =
        json!({ "reports": ["sales"], "workspaces": [ids::FABRIKAM_WORKSPACE] });
    catalog["datasets"] = json!({});
    let result = of_tenant("check-unlisted.json", tenant, &catalog).await;
    assert_eq!(findings(&result), ["workspace-not-visible - -"], "{result:#}");
    let finding = &result["findings"][0];
    assert!(finding["problem"].as_str().unwrap().contains(ids::FABRIKAM_WORKSPACE), "{finding:#}");
    assert!(finding["places"][0].as_str().unwrap().ends_with("#/tenants/contoso/grants/0/workspaces/0"), "{finding:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn junit_has_one_test_case_for_each_binding() {
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric::default()).await;
    let mut catalog = small();
    catalog["reports"]["ops"] = demo()["reports"]["ops"].clone();
    catalog["tenants"]["contoso"]["grants"][0] =
        json!({ "reports": ["sales", "ops"], "datasets": ["plan"], "modes": ["view", "edit"] });
    let junit = write("check-modes.xml", "");
    check(&upstreams, "check-modes.json", &catalog, &["--junit", junit.to_str().unwrap()]).await;
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(xml.contains(" tests=\"3\""), "two bindings, and one case for findings without a binding: {xml}");
    for report in ["ops", "sales"] {
        assert_eq!(xml.matches(&format!("name=\"{report} over plan\"")).count(), 1, "{xml}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_the_service_principal_are_read_once_for_all_tenants() {
    let mut tenant = FakeTenant::demo();
    tenant.reports.retain(|report| report.id != ids::SALES_REPORT);
    let mut catalog = small();
    let grants = catalog["tenants"]["contoso"]["grants"].clone();
    for n in 0..3 {
        let profile = format!("00000009-0000-4000-8000-{n:012}");
        catalog["tenants"][format!("t{n}")] = json!({ "profileId": profile, "grants": grants });
        catalog["tenants"][format!("u{n}")] = json!({ "grants": grants });
        tenant.profiles.push(devstack::fake_tenant::Profile { id: profile, name: format!("T{n}") });
    }
    let upstreams = Upstreams::start(tenant, FakeFabric::default()).await;
    check(&upstreams, "check-lists.json", &catalog, &[]).await;
    let asked = |path: &str| {
        let calls = upstreams.stack.powerbi().requests();
        let is_it = |call: &&devstack::RecordedCall| call.path == path && call.header("x-powerbi-profile-id").is_none();
        calls.iter().filter(is_it).count()
    };
    assert_eq!(asked("/v1.0/myorg/profiles"), 1);
    assert_eq!(asked("/v1.0/myorg/groups"), 2, "one call checks the tenant settings, one reads the list");
}
