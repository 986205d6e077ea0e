//! `dynabind explain` as an operator runs it: the binary, without network.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use common::{dynabind, json_of, write};
use serde_json::{Value, json};

const HERE: &str = "00000001-0000-4000-8000-000000000001";
const LISTED: &str = "00000003-0000-4000-8000-000000000009";

fn catalog() -> Value {
    let id = |n: u8| format!("0000000{n}-0000-4000-8000-000000000001");
    json!({
        "reports": { "sales": { "name": "Sales", "workspaceId": HERE, "reportId": id(2) } },
        "datasets": { "d": { "name": "D", "workspaceId": HERE, "datasetId": id(3),
                             "identity": { "username": "{email}", "roles": ["Reader"] } } },
        "tenants": { "t": { "profileId": id(8), "grants": [
            { "reports": ["sales"], "datasets": ["d"], "groups": ["analysts"] },
            { "reports": ["sales"], "datasets": ["d"], "modes": ["edit"] },
            { "reports": ["sales"], "workspaces": [HERE], "groups": ["heads"] },
        ] } },
    })
}

fn explain(arguments: &[&str]) -> std::process::Output {
    let file = write("explain-catalog.json", &catalog().to_string());
    let first = ["explain", "--catalog", file.to_str().unwrap(), "--report", "sales"];
    dynabind(&[&first[..], arguments].concat())
}

#[test]
fn it_shows_the_matching_grant_the_identity_and_the_body() {
    let claims = write("ana.json", r#"{"sub":"ana","tenant":"t","email":"ana@x","groups":["analysts"]}"#);
    let output = explain(&["--json", "--claims", claims.to_str().unwrap(), "--dataset", "d"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown = json_of(&output);
    assert_eq!(shown["identity"], json!({ "username": "ana@x", "roles": ["Reader"] }));
    assert_eq!(shown["generateToken"]["identities"][0]["username"], "ana@x");
    assert_eq!(shown["generateToken"]["datasets"][0]["id"], "00000003-0000-4000-8000-000000000001");
    assert_eq!(shown["profile"], "00000008-0000-4000-8000-000000000001");
    let matches: Vec<_> = shown["grants"].as_array().unwrap().iter().map(|grant| grant["matches"].clone()).collect();
    assert_eq!(matches, [true, false, false]);
    let fields = |grant: usize| -> Vec<String> {
        let mismatches = shown["grants"][grant]["mismatches"].as_array().unwrap();
        mismatches.iter().map(|mismatch| mismatch["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((fields(1), fields(2)), (vec!["modes".to_owned()], vec!["groups".to_owned(), "datasets".to_owned()]));
    assert!(shown["grants"][0]["place"].as_str().unwrap().ends_with("explain-catalog.json#/tenants/t/grants/0"));
}

#[test]
fn a_refusal_exits_with_1_and_prints_the_cause() {
    let output = explain(&["--claim", "sub=u", "--claim", "tenant=t", "--dataset", "d"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("not-entitled") && text.contains("the caller is in none of analysts"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours outside a terminal");
}

#[test]
fn a_missing_claim_is_named() {
    let output = explain(&["--claim", "sub=u", "--claim", "tenant=t", "--claim", "groups=analysts", "--dataset", "d"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && text.contains("claim-missing") && text.contains("email"), "{text}");
}

#[test]
fn assumptions_about_power_bi_are_printed() {
    let claims = ["--claim", "sub=u", "--claim", "tenant=t", "--claim", r#"groups=["heads"]"#, "--dataset", LISTED];
    let output = explain(&[&["--json"], &claims[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(json_of(&output)["assumptions"][0].as_str().unwrap().contains(HERE));
    let elsewhere = "00000001-0000-4000-8000-000000000002";
    let output = explain(&[&["--dataset-workspace", elsewhere], &claims[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn input_that_cannot_be_read_exits_with_2() {
    let no_file = dynabind(&["explain", "--catalog", "no/such", "--report", "r"]);
    let no_jwt = explain(&["--token", "x"]);
    let bad =
        write("bad-catalog.json", r#"{"reports":{},"datasets":{},"tenants":{"t":{"grants":[{"reports":["x"]}]}}}"#);
    let faulty = dynabind(&["explain", "--catalog", bad.to_str().unwrap(), "--report", "r"]);
    for output in [&no_file, &no_jwt, &faulty] {
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{output:?}");
    }
    assert!(String::from_utf8_lossy(&faulty.stderr).contains("#/tenants/t/grants/0/reports/0"), "{faulty:?}");
}

#[test]
fn in_the_organization_scenario_no_embed_token_is_made() {
    let claims = ["--claim", "sub=u", "--claim", "tenant=t", "--claim", r#"groups=["analysts"]"#, "--dataset", "d"];
    let scope = "https://analysis.windows.net/powerbi/api/.default";
    for (user_token, from) in [(&[][..], "server"), (&["--user-token", "page"], "page")] {
        let arguments = [&["--json", "--scenario", "organization"], user_token, &claims].concat();
        let output = explain(&arguments);
        let shown = json_of(&output);
        assert_eq!((output.status.code(), &shown["allowed"]), (Some(0), &json!(true)), "{shown:#}");
        assert_eq!((&shown["userToken"]["from"], &shown["userToken"]["scope"]), (&json!(from), &json!(scope)));
        for field in ["generateToken", "identity", "profile"] {
            assert!(shown.get(field).is_none(), "{field} belongs to the other scenario: {shown:#}");
        }
        assert_eq!(shown["grants"][0]["matches"], true);
    }
    let page = ["--scenario", "organization", "--user-token", "page", "--cloud", "china"];
    let text = String::from_utf8(explain(&[&page[..], &claims].concat()).stdout).unwrap();
    let scope = "scope     https://analysis.chinacloudapi.cn/powerbi/api/.default: the page gets it from Entra";
    assert!(text.contains("no embed token is made") && text.contains(scope), "{text}");
    assert!(!text.contains("GenerateToken"), "{text}");
    let refused = explain(&["--scenario", "organization", "--claim", "sub=u", "--claim", "tenant=t", "--dataset", "d"]);
    assert_eq!(refused.status.code(), Some(1), "the catalog applies here too: {refused:?}");
    let mixed = explain(&[&["--user-token", "page"], &claims[..]].concat());
    assert_eq!(mixed.status.code(), Some(2), "{mixed:?}");
}

#[test]
fn completions_and_manual_pages_are_written() {
    let output = dynabind(&["completions", "bash"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("dynabind"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(dynabind(&["man", folder.path().to_str().unwrap()]).status.code(), Some(0));
    for page in ["dynabind.1", "dynabind-explain.1", "dynabind-catalog.1"] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}
