//! The stand-ins answer in the published or recorded shapes, with the same field names and types.
//!
//! The fixtures under `tests/fixtures` name their sources. `differences.rs` lists each difference with its reason, and each
//! answer that no stand-in gives.

mod differences;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use devstack::fake_tenant::{FakeTenant, Principal, Role, ids};
use devstack::{Service, Stack, StackOptions};
use ring::signature::RSA_PSS_SHA256;
use serde_json::{Value, json};

use crate::certificate::{ASSERTION_TYPE, Signer, ask};
use crate::client::{Reply, bearer_for, generate, get, post_form, powerbi, powerbi_url, send, stack};
use crate::entra::{on_behalf_of, with};
use differences::{DIFFERENCES, NOT_GIVEN};

const FABRIC: &str = "https://api.fabric.microsoft.com/.default";

/// The paths and types of a value. The elements of a list are merged.
fn shape(value: &Value, path: &str, lines: &mut BTreeSet<String>) {
    match value {
        Value::Null => drop(lines.insert(format!("{path}: null"))),
        Value::Bool(_) => drop(lines.insert(format!("{path}: boolean"))),
        Value::Number(_) => drop(lines.insert(format!("{path}: number"))),
        Value::String(_) => drop(lines.insert(format!("{path}: text"))),
        Value::Array(items) => {
            lines.insert(format!("{path}: list"));
            for item in items {
                shape(item, &format!("{path}[]"), lines);
            }
        }
        Value::Object(fields) => {
            lines.insert(format!("{path}: object"));
            for (name, field) in fields {
                shape(field, &format!("{path}/{name}"), lines);
            }
        }
    }
}

/// A row's status, headers and body.
fn recorded(row: &Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::from([format!("status {}", row["status"].as_u64().unwrap_or(200))]);
    for (name, value) in row["headers"].as_object().into_iter().flatten() {
        lines.insert(header_line(name, value.as_str().unwrap()));
    }
    if let Some(body) = row.get("body") {
        shape(body, "", &mut lines);
    }
    lines
}

/// Headers with codes are compared by their value, other headers by their name.
fn header_line(name: &str, value: &str) -> String {
    let name = name.to_lowercase();
    if name == "x-powerbi-error-info" { format!("{name}: {value}") } else { name }
}

/// The shape of an answer, with the headers that the fixtures record.
fn given(reply: &Reply) -> BTreeSet<String> {
    let mut lines = BTreeSet::from([format!("status {}", reply.status)]);
    for name in ["x-powerbi-error-info", "x-powerbi-error-details", "location", "x-ms-operation-id", "retry-after"] {
        if !reply.header(name).is_empty() {
            lines.insert(header_line(name, reply.header(name)));
        }
    }
    if !reply.text.is_empty() {
        shape(&reply.json(), "", &mut lines);
    }
    lines
}

fn rows(path: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(path);
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    table.as_array().unwrap().clone()
}

async fn stack_of(change: impl FnOnce(&mut FakeTenant)) -> Stack {
    let mut fake_tenant = FakeTenant::demo();
    change(&mut fake_tenant);
    Stack::start(StackOptions { fake_tenant, ..StackOptions::default() }).await.unwrap()
}

fn over(datasets: &[&str]) -> Value {
    let datasets: Vec<_> = datasets.iter().map(|id| json!({ "id": id })).collect();
    json!({ "datasets": datasets, "reports": [{ "id": ids::SALES_REPORT }] })
}

fn with_identity(dataset: &str, roles: &[&str]) -> Value {
    let mut body = over(&[dataset]);
    body["identities"] = json!([{ "username": "ana", "datasets": [dataset] }]);
    if !roles.is_empty() {
        body["identities"][0]["roles"] = json!(roles);
    }
    body
}

/// The answer of the stand-in for Power BI to the call of a row.
async fn of_power_bi(name: &str) -> Option<Reply> {
    let stack = stack().await;
    let report = format!("groups/{}/reports/{}", ids::REPORTS_WORKSPACE, ids::SALES_REPORT);
    let workspace = |id: &str| format!("groups/{id}");
    let unsigned = |token: String| {
        let url = powerbi_url(&stack, "groups");
        async move {
            let headers: Vec<_> =
                [("authorization", &*token)].into_iter().filter(|(_, token)| !token.is_empty()).collect();
            get(&url, &headers).await
        }
    };
    Some(match name {
        "embed token of version 2" => generate(&stack, &over(&[ids::CONTOSO_PLAN])).await,
        "report of an own workspace" | "report with upper-case ids and no dataset" => powerbi(&stack, &report).await,
        "on a capacity" | "silent about the capacity" => powerbi(&stack, &workspace(ids::CONTOSO_WORKSPACE)).await,
        "on no capacity" => powerbi(&stack, &workspace(ids::SANDBOX_WORKSPACE)).await,
        "profiles" => powerbi(&stack, "profiles").await,
        "profile" => powerbi(&stack, &format!("profiles/{}", ids::FABRIKAM_PROFILE)).await,
        "capacities" => powerbi(&stack, "capacities").await,
        "users of a workspace" => powerbi(&stack, &format!("groups/{}/users", ids::CONTOSO_WORKSPACE)).await,
        "no Authorization header" => unsigned(String::new()).await,
        "malformed token" => unsigned("Bearer x".to_owned()).await,
        "JWT that is not accepted" => unsigned(bearer_for(&stack, FABRIC).await).await,
        "no access to the workspace" => powerbi(&stack, &workspace(ids::CLOSED_WORKSPACE)).await,
        "no right on the item" => {
            let lower = |tenant: &mut FakeTenant| {
                tenant.workspaces.iter_mut().for_each(|one| one.members = vec![(Principal::App, Role::Contributor)]);
            };
            generate(&stack_of(lower).await, &over(&[ids::CONTOSO_PLAN])).await
        }
        "not a member, status alone documented" => {
            let mut body = over(&[ids::CONTOSO_PLAN]);
            body["targetWorkspaces"] = json!([{ "id": ids::CLOSED_WORKSPACE }]);
            generate(&stack, &body).await
        }
        "no Build right: the text is in the details alone" => {
            generate(&stack, &over(&[ids::READING_ROOM_DATASET])).await
        }
        "item that is not found, without a text" => generate(&stack, &over(&[ids::MISSING_DATASET])).await,
        "identity that is missing" => generate(&stack, &over(&[ids::CONTOSO_SALES])).await,
        "identity that is not wanted" => generate(&stack, &with_identity(ids::CONTOSO_PLAN, &[])).await,
        "message that is null, the text in the details" => {
            generate(&stack, &with_identity(ids::CONTOSO_REGIONS, &[])).await
        }
        "tenant setting that is off" => {
            powerbi(&stack_of(|tenant| tenant.admits_service_principals = false).await, "groups").await
        }
        "trial tokens used up" => generate(&stack, &over(&[ids::TRIAL_DATASET])).await,
        "text in a header, with an empty body" => powerbi(&stack, "reports/x").await,
        _ => return None,
    })
}

/// The answer of the stand-in for Entra to the call of a row.
async fn of_entra(name: &str) -> Option<Reply> {
    let stack = stack().await;
    let user = |change: fn(&mut Value)| {
        let mut claims = stack.claims_of("ana@contoso");
        change(&mut claims);
        let token = stack.sign(&claims);
        let stack = &stack;
        async move { on_behalf_of(stack, &token, ("", "")).await }
    };
    Some(match name {
        "token for a certificate" => {
            let signer = Signer::new(&stack);
            ask(&stack, &signer.assertion(&json!({}), &json!({}), &RSA_PSS_SHA256), ASSERTION_TYPE).await
        }
        "wrong secret" => with(&stack, ("client_secret", "wrong")).await,
        "expired secret" => {
            stack.expire_client_secrets();
            with(&stack, ("", "")).await
        }
        "no credential" => with(&stack, ("client_secret", "")).await,
        "certificate that is not registered" => ask(&stack, "a.b.c", ASSERTION_TYPE).await,
        "assertion out of time" => {
            let signer = Signer::new(&stack);
            let late = json!({ "exp": signer.now - 1 });
            ask(&stack, &signer.assertion(&json!({}), &late, &RSA_PSS_SHA256), ASSERTION_TYPE).await
        }
        "application of another tenant" => with(&stack, ("client_id", ids::DIRECTORY)).await,
        "unknown tenant" => {
            let url = format!("{}/{}/oauth2/v2.0/token", stack.upstream_url(Service::Entra), ids::CLIENT);
            let form = [("content-type", "application/x-www-form-urlencoded")];
            send("POST", &url, &form, "grant_type=client_credentials").await
        }
        "Power BI is not in the tenant" => {
            with(&stack, ("scope", "https://analysis.usgovcloudapi.net/powerbi/api/.default")).await
        }
        "bad scope" => with(&stack, ("scope", "https://analysis.windows.net/powerbi/api")).await,
        "missing parameter" => post_form(&stack, &[("client_id", ids::CLIENT)]).await,
        "second factor to be enrolled" => user(|claims| claims["email"] = json!("erik@contoso.example")).await,
        "second factor" => user(|claims| claims["email"] = json!("mia@contoso.example")).await,
        "no consent" => user(|claims| claims["email"] = json!("cora@contoso.example")).await,
        "policy that blocks the user" => user(|claims| claims["email"] = json!("paul@contoso.example")).await,
        "token for another application" => user(|claims| claims["aud"] = json!("other")).await,
        "token that is not valid" => on_behalf_of(&stack, "x", ("", "")).await,
        "token out of time" => user(|claims| claims["exp"] = json!(1)).await,
        _ => return None,
    })
}

/// The answer of the stand-in for Fabric to the call of a row.
async fn of_fabric(name: &str) -> Option<Reply> {
    let stack = stack().await;
    stack.set_definition_time(Duration::from_millis(if name == "running operation" { 60_000 } else { 1 }));
    let bearer = bearer_for(&stack, FABRIC).await;
    let base = format!("{}/v1", stack.upstream_url(Service::Fabric));
    let headers = [("authorization", &*bearer), ("content-length", "0")];
    let item = format!("workspaces/{}/semanticModels/{}", ids::CONTOSO_WORKSPACE, ids::CONTOSO_PLAN);
    let begun = send("POST", &format!("{base}/{item}/getDefinition?format=TMSL"), &headers, "").await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    let url = format!("{base}/operations/{}", begun.header("x-ms-operation-id"));
    loop {
        let state = get(&url, &headers[..1]).await;
        let is_running = state.json()["status"] == "Running";
        if is_running == (name == "running operation") {
            return Some(state);
        }
    }
}

/// Compares rows with answers. Fails at every difference that is not listed, and at every listed difference that does not
/// exist.
fn compare(row: &Value, reply: Option<&Reply>) {
    let name = row["name"].as_str().unwrap();
    let not_given = NOT_GIVEN.iter().any(|(known, reason)| *known == name && !reason.is_empty());
    assert_eq!(reply.is_none(), not_given, "{name}: either a stand-in gives this answer, or a reason says why not");
    let Some(reply) = reply else { return };
    let (recorded, given) = (recorded(row), given(reply));
    let only = |sign: &str, one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        one.difference(other).map(|line| format!("{sign} {line}")).collect()
    };
    let found = [only("-", &recorded, &given), only("+", &given, &recorded)].concat();
    let listed = DIFFERENCES.iter().find(|(known, ..)| *known == name);
    assert!(listed.is_none_or(|(.., reason)| !reason.is_empty()), "{name}: no reason");
    let expected: Vec<_> = listed.into_iter().flat_map(|(_, lines, _)| lines.iter().copied()).collect();
    assert_eq!(found, expected, "{name}");
}

#[tokio::test]
async fn power_bi_answers_as_recorded() {
    for path in ["answers", "lists", "workspaces", "refusals"] {
        for row in rows(&format!("powerbi/{path}.json")) {
            compare(&row, of_power_bi(row["name"].as_str().unwrap()).await.as_ref());
        }
    }
}

#[tokio::test]
async fn power_bi_lists_datasets_as_recorded() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/powerbi/datasets.json");
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut body = fixture["body"].clone();
    // Only the first entry is a complete recording. The others have few fields or other names, or are stress tests.
    body["value"].as_array_mut().unwrap().truncate(1);
    let row = json!({ "name": "datasets of a workspace", "body": body });
    let reply = powerbi(&stack().await, &format!("groups/{}/datasets", ids::CONTOSO_WORKSPACE)).await;
    compare(&row, Some(&reply));
}

#[tokio::test]
async fn entra_answers_as_recorded() {
    for path in ["answers", "refusals"] {
        for row in rows(&format!("entra/{path}.json")) {
            compare(&row, of_entra(row["name"].as_str().unwrap()).await.as_ref());
        }
    }
}

#[tokio::test]
async fn fabric_answers_as_published() {
    for row in rows("fabric/answers.json") {
        compare(&row, of_fabric(row["name"].as_str().unwrap()).await.as_ref());
    }
}

/// Fails if a reason names an answer that no fixture has, so that old reasons are removed.
#[test]
fn every_listed_difference_is_of_a_fixture() {
    let files = [
        "powerbi/answers",
        "powerbi/lists",
        "powerbi/workspaces",
        "powerbi/refusals",
        "entra/answers",
        "entra/refusals",
    ];
    let files = files.iter().map(|name| format!("{name}.json")).chain(["fabric/answers.json".to_owned()]);
    let mut names: BTreeMap<String, usize> = BTreeMap::from([("datasets of a workspace".to_owned(), 1)]);
    for row in files.flat_map(|file| rows(&file)) {
        *names.entry(row["name"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(names.values().all(|count| *count == 1), "each name is of one fixture: {names:?}");
    let listed = NOT_GIVEN.iter().map(|(name, _)| name).chain(DIFFERENCES.iter().map(|(name, ..)| name));
    for name in listed {
        assert!(names.contains_key(*name), "no fixture has the name `{name}`");
    }
}
