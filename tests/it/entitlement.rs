//! Which callers may bind which reports and datasets. Everything else is refused without a call to Power BI.

use acceptance::project;
use acceptance::test_app::{Answer, TestApp, view};
use serde_json::{Value, json};

/// The answer without the fields that differ from request to request.
fn comparable(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("requestId");
    body
}

/// The headers with their values. None of them depends on the request.
fn headers(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.retain(|(name, _)| name != "content-length");
    headers.sort();
    headers
}

#[tokio::test]
async fn unknown_and_forbidden_look_alike() {
    let app = TestApp::open().await;
    let unknown = app.token("frida@fabrikam", view("sales", "no-such-dataset")).await;
    unknown.assert_problem(403, "not-entitled");
    for (report, dataset) in [
        // Another tenant's dataset, by its key and by its GUID.
        ("sales", "contoso-sales"),
        ("sales", "03821c9b-7d38-495d-b2c1-04ff0a005df1"),
        // A report of another tenant, with a dataset of the caller's tenant.
        ("ops", "fabrikam-sales"),
        ("no-such-report", "fabrikam-sales"),
        ("no-such-report", "no-such-dataset"),
        // Keys are exact.
        ("Sales", "fabrikam-sales"),
    ] {
        let refused = app.token("frida@fabrikam", view(report, dataset)).await;
        assert_eq!(comparable(&refused), comparable(&unknown), "{report} {dataset}");
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
}

/// A workspace grant covers every dataset of the workspace. For a dataset outside it, the same calls are made, whether it
/// exists or not.
#[tokio::test]
async fn unknown_and_forbidden_look_alike_under_a_workspace_grant() {
    let workspace = "d390ba2f-764b-4b81-9414-213751c827e8";
    let mut catalog = project::json("devstack/demo/catalog.json");
    catalog["tenants"]["fabrikam"]["grants"][0]["workspaces"] = json!([workspace]);
    let mut seen = Vec::new();
    for (report, dataset) in [
        // A dataset that does not exist; another tenant's dataset, by its id in Power BI and by its id in the catalog.
        ("sales", "00000000-0000-4000-8000-000000000000"),
        ("sales", "03821c9b-7d38-495d-b2c1-04ff0a005df1"),
        ("sales", "1af96910-59d9-4cf1-8f84-16799e42885c"),
    ] {
        let app = TestApp::with_catalog(catalog.clone()).await;
        let refused = app.token("frida@fabrikam", view(report, dataset)).await;
        refused.assert_problem(403, "not-entitled");
        seen.push((comparable(&refused), headers(&refused), app.upstream_calls()));
    }
    assert!(seen.iter().all(|other| *other == seen[0]), "{seen:#?}");
    assert_eq!(seen[0].2.last().unwrap(), &format!("GET groups/{workspace}/datasets"));
    // A key that is not a GUID, and a report that is not granted, are refused before any call.
    let app = TestApp::with_catalog(catalog).await;
    for (report, dataset) in [("sales", "contoso-sales"), ("sales", "nothing"), ("ops", workspace), ("none", workspace)]
    {
        let refused = app.token("frida@fabrikam", view(report, dataset)).await;
        assert_eq!((comparable(&refused), headers(&refused)), (seen[0].0.clone(), seen[0].1.clone()));
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
}

/// On every route, refusals for every reason have the same body and headers, and cause no upstream call.
#[tokio::test]
async fn a_refusal_does_not_reveal_its_reason() {
    let app = TestApp::open().await;
    let event = |route: &str, claims: Value, report: &str| {
        let (method, query) =
            if route == "/datasets" { ("GET", format!("?report={report}")) } else { ("POST", String::new()) };
        let body = view(report, "contoso-plan");
        let mut event = app.stack.event(method, &format!("{route}{query}"), Some("carl@contoso"), Some(&body));
        event["requestContext"]["authorizer"]["jwt"]["claims"] = claims;
        event
    };
    let contoso = json!({ "sub": "u", "tenant": "contoso", "email": "e@x" });
    for route in ["/token", "/config", "/datasets"] {
        let mut answers = Vec::new();
        for (claims, report) in [
            // An unknown report; a report of another group; a report that no tenant may bind.
            (contoso.clone(), "none"),
            (contoso.clone(), "ops"),
            (contoso.clone(), "retired"),
            // No tenant; an unknown tenant; a tenant whose name no catalog can hold; another tenant.
            (json!({ "sub": "u" }), "sales"),
            (json!({ "sub": "u", "tenant": "nobody" }), "sales"),
            (json!({ "sub": "u", "tenant": "t".repeat(300) }), "sales"),
            (json!({ "sub": "u", "tenant": "fabrikam", "email": "e@x" }), "ops"),
        ] {
            let refused = app.send(event(route, claims, report)).await;
            refused.assert_problem(403, "not-entitled");
            answers.push((comparable(&refused), headers(&refused)));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{route}: {answers:#?}");
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn one_forbidden_binding_refuses_the_request() {
    let app = TestApp::open().await;
    let body = json!({ "bindings": [
        { "report": "sales", "dataset": "fabrikam-sales" },
        { "report": "sales", "dataset": "contoso-plan" },
    ] });
    let answer = app.config("frida@fabrikam", body).await;
    answer.assert_problem(403, "not-entitled");
    assert_eq!(answer.pointers(), ["/bindings/1"]);
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn modes_and_groups_belong_to_their_grant() {
    let app = TestApp::open().await;
    let edit = json!({ "bindings": [{ "report": "sales", "dataset": "contoso-plan", "mode": "edit" }] });
    // Carl is not an analyst: he may view what Ana may edit, and he may not bind `ops`.
    app.token("carl@contoso", edit.clone()).await.assert_problem(403, "not-entitled");
    app.token("carl@contoso", view("ops", "contoso-plan")).await.assert_problem(403, "not-entitled");
    let _ = app.token("ana@contoso", edit).await.ok();
    let create = json!({ "bindings": [{ "dataset": "contoso-plan", "mode": "create" }] });
    app.token("ana@contoso", create).await.assert_problem(403, "not-entitled");
}

#[tokio::test]
async fn a_request_without_verified_claims_is_refused() {
    let app = TestApp::open().await;
    let body = view("sales", "fabrikam-sales");
    let event = |authorizer: Value| {
        let mut event = app.stack.event("POST", "/token", Some("frida@fabrikam"), Some(&body));
        event["requestContext"]["authorizer"] = authorizer;
        event
    };
    for authorizer in [
        json!(null),
        json!({}),
        json!({ "jwt": null }),
        json!({ "jwt": { "claims": {}, "scopes": null } }),
        json!({ "jwt": { "claims": { "sub": "", "tenant": "fabrikam" }, "scopes": null } }),
        json!({ "jwt": { "claims": { "tenant": "fabrikam" }, "scopes": null } }),
        json!({ "iam": { "accountId": "1", "userId": "u" } }),
    ] {
        let answer = app.send(event(authorizer)).await;
        answer.assert_problem(401, "unauthenticated");
        assert_eq!(answer.header("x-amzn-remapped-www-authenticate"), "Bearer");
    }
    for claims in [
        json!({ "sub": "u" }),
        json!({ "sub": "u", "tenant": "" }),
        json!({ "sub": "u", "tenant": "nobody" }),
        json!({ "sub": "u", "tenant": "[fabrikam]" }),
        json!({ "sub": "u", "tenant": "Fabrikam" }),
    ] {
        let answer = app.send(event(json!({ "jwt": { "claims": claims, "scopes": null } }))).await;
        answer.assert_problem(403, "not-entitled");
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn an_identity_is_made_of_verified_claims_only() {
    let app = TestApp::open().await;
    let body = view("sales", "fabrikam-sales");
    let mut event = app.stack.event("POST", "/token", Some("frida@fabrikam"), Some(&body));
    event["headers"]["email"] = json!("ana@contoso.example");
    event["queryStringParameters"] = json!({ "email": "ana@contoso.example" });
    event["rawQueryString"] = json!("email=ana@contoso.example");
    let _ = app.send(event.clone()).await.ok();
    assert_eq!(app.token_requests()[0]["identities"][0]["username"], "frida@fabrikam.example");

    for (email, why) in [(json!(""), "empty"), (json!("a b@c"), "with a space"), (json!("é@c"), "not ASCII")] {
        event["requestContext"]["authorizer"]["jwt"]["claims"]["email"] = email;
        let answer = app.send(event.clone()).await;
        answer.assert_problem(403, "claim-missing");
        assert!(answer.body["detail"].as_str().unwrap().contains("`email`"), "{why}");
    }
    assert_eq!(app.upstream_calls(), [""; 0]);
}

#[tokio::test]
async fn one_dataset_under_two_identities_cannot_share_a_token() {
    let app = TestApp::with_catalog(json!({
        "reports": { "r": { "name": "R", "workspaceId": "191d5d7a-e4e4-4b20-8ecc-5e1b3de14852",
                            "reportId": "c294daab-3e50-4317-b0b8-639e5a42e0f1" } },
        "datasets": {
            "own": { "name": "Own", "workspaceId": "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f",
                     "datasetId": "03821c9b-7d38-495d-b2c1-04ff0a005df1", "identity": { "username": "{email}" } },
            "all": { "name": "All", "workspaceId": "a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f",
                     "datasetId": "03821C9B-7D38-495D-B2C1-04FF0A005DF1", "identity": { "username": "everybody" } },
        },
        "tenants": { "contoso": { "grants": [{ "reports": ["r"], "datasets": ["own", "all"] }] } },
    }))
    .await;
    let body = json!({ "bindings": [{ "report": "r", "dataset": "own" }, { "report": "r", "dataset": "all" }] });
    let answer = app.token("carl@contoso", body).await;
    answer.assert_problem(400, "bindings-conflict");
    assert_eq!(answer.pointers(), ["/bindings/1"]);
    assert_eq!(app.upstream_calls(), [""; 0]);
}
