//! `dynabind check` in the organization scenario: as a user, or without one.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::path::PathBuf;

use common::fabric::FakeFabric;
use common::{Upstreams, findings, json_of, write};
use devstack::fake_tenant::{FakeTenant, Principal, ids};
use serde_json::{Value, json};

fn catalog() -> Value {
    let entry = |id: &str, workspace: &str, field: &str| json!({ "name": "N", "workspaceId": workspace, field: id });
    let mut plan = entry(ids::CONTOSO_PLAN, ids::CONTOSO_WORKSPACE, "datasetId");
    // Power BI would refuse this identity; here it is ignored.
    plan["identity"] = json!({ "username": "{email}", "roles": ["Nobody"] });
    json!({
        "reports": { "sales": entry(ids::SALES_REPORT, ids::REPORTS_WORKSPACE, "reportId") },
        "datasets": { "plan": plan },
        "tenants": { "contoso": { "grants": [{ "reports": ["sales"], "datasets": ["plan"] }] },
                     "other": { "grants": [{ "reports": ["sales"], "datasets": ["plan"] }] } },
    })
}

/// A file with a caller's token.
fn jwt(upstreams: &Upstreams, test: &str, user: &str) -> PathBuf {
    write(&format!("organization-{test}.jwt"), &format!("{}\n", upstreams.stack.token_for(user)))
}

async fn check(upstreams: &Upstreams, name: &str, more: &[&str]) -> (Option<i32>, Value) {
    let file = write(name, &catalog().to_string());
    let first = ["check", "--json", "--scenario", "organization", "--catalog", file.to_str().unwrap()];
    let output = upstreams.run(&[&first[..], more].concat()).await;
    (output.status.code(), json_of(&output))
}

fn causes(result: &Value) -> String {
    result["notChecked"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_calls_power_bi_as_the_user_and_makes_no_embed_token() {
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric::default()).await;
    let token = jwt(&upstreams, "user", "ana@contoso");
    let (code, result) = check(&upstreams, "organization-user.json", &["--user-jwt", token.to_str().unwrap()]).await;
    assert_eq!((code, findings(&result)), (Some(0), Vec::new()), "{result:#}");
    assert_eq!(result["summary"]["bindings"], 1, "only the tenant of the user");
    let causes = causes(&result);
    for part in ["embed tokens and effective identities", "the rights of other users"] {
        assert!(causes.contains(part), "{causes}");
    }
    let calls = upstreams.stack.powerbi().requests();
    assert!(!calls.is_empty() && calls.iter().all(|call| !call.path.ends_with("/GenerateToken")), "{calls:?}");
    let of_service: Vec<_> = upstreams.stack.entra().requests();
    let of_user = of_service.iter().find(|call| call.body["requested_token_use"] == "on_behalf_of").unwrap();
    assert_eq!(of_user.body["assertion"], std::fs::read_to_string(token).unwrap().trim());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_user_cannot_see_is_found() {
    let mut tenant = FakeTenant::demo();
    let contoso = tenant.workspaces.iter_mut().find(|workspace| workspace.id == ids::CONTOSO_WORKSPACE).unwrap();
    contoso.members.retain(|(principal, _)| *principal != Principal::User("ana@contoso.example".to_owned()));
    let upstreams = Upstreams::start(tenant, FakeFabric::default()).await;
    let token = jwt(&upstreams, "unseen", "ana@contoso");
    let (code, result) = check(&upstreams, "organization-unseen.json", &["--user-jwt", token.to_str().unwrap()]).await;
    assert_eq!((code, findings(&result)), (Some(1), vec!["workspace-not-visible - plan".to_owned()]), "{result:#}");
    let finding = &result["findings"][0];
    assert!(finding["problem"].as_str().unwrap().starts_with("the user has no access"), "{finding:#}");
    assert!(finding["remedy"].as_str().unwrap().contains("give the user access"), "{finding:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_gets_no_token_is_found() {
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric::default()).await;
    let token = jwt(&upstreams, "mia", "mia@contoso");
    let (code, result) = check(&upstreams, "organization-mia.json", &["--user-jwt", token.to_str().unwrap()]).await;
    assert_eq!((code, findings(&result)), (Some(1), vec!["user-token-refused - -".to_owned()]), "{result:#}");
    let finding = &result["findings"][0];
    assert!(finding["problem"].as_str().unwrap().contains("AADSTS5007"), "{finding:#}");
    assert!(finding["remedy"].as_str().unwrap().contains("second factor"), "{finding:#}");
}

/// The schema needs no user: the service principal reads the definitions.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_user_only_the_schema_is_checked() {
    let mut model = common::demo_model();
    model["model"]["tables"][0]["columns"][0]["name"] = json!("Amounts");
    let models = [(ids::CONTOSO_PLAN.to_owned(), model)].into();
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric { models, ..FakeFabric::default() }).await;
    let (code, result) = check(&upstreams, "organization-nobody.json", &["--user-token", "page"]).await;
    assert_eq!((code, findings(&result)), (Some(1), vec!["schema sales plan".to_owned()]), "{result:#}");
    assert_eq!(result["findings"][0]["tenants"], json!(["contoso", "other"]));
    let causes = causes(&result);
    for part in ["give --user-jwt FILE", "https://analysis.windows.net/powerbi/api/.default"] {
        assert!(causes.contains(part), "{causes}");
    }
    let calls = upstreams.stack.powerbi().requests();
    assert!(calls.is_empty(), "without a user, Power BI is not called: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_scenario_is_refused() {
    let upstreams = Upstreams::start(FakeTenant::demo(), FakeFabric::default()).await;
    let file = write("organization-refused.json", &catalog().to_string());
    let file = file.to_str().unwrap();
    for (arguments, part) in [
        (&["check", "--catalog", file, "--user-token", "page"][..], "needs --scenario organization"),
        (&["check", "--catalog", file, "--user-jwt", file], "needs --scenario organization"),
        (&["doctor", "--catalog", file, "--scenario", "organization"], "dynabind check --scenario organization"),
        (&["check", "--catalog", file, "--scenario", "organization", "--user-jwt", "no/such"], "no/such"),
        (&["check", "--catalog", file, "--scenario", "organization", "--user-jwt", file], "expected a JWT"),
    ] {
        let output = upstreams.run(arguments).await;
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && text.contains(part), "{arguments:?}: {text}");
    }
}
