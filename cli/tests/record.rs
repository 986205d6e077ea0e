//! `dynabind record`: the functions' client reads what it stores, and it contains no data of the tenant.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::Upstreams;
use common::fabric::FakeFabric;
use devstack::fake_tenant::FakeTenant;
use serde_json::Value;

/// Answers each route with its recorded answer, and Entra's route with a token.
async fn replay(rows: Vec<Value>) -> String {
    let mut answers: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows {
        answers.entry(row["route"].as_str().unwrap().to_owned()).or_default().push(row);
    }
    let answers = Arc::new(answers);
    let routes = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let answers = Arc::clone(&answers);
        async move {
            if request.uri().path().ends_with("/token") {
                let token = serde_json::json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": "a.b.c" });
                return axum::Json(token);
            }
            let segments: Vec<_> = request.uri().path().split('/').collect();
            let segment = |segment: &&str| if segment.len() == 36 { "*" } else { *segment }.to_owned();
            let path = segments.iter().map(segment).collect::<Vec<_>>().join("/");
            let row = &answers[&format!("GET {path}")][0];
            assert_eq!(row["status"], 200);
            axum::Json(row["body"].clone())
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_can_be_replayed_and_have_no_data_of_the_tenant() {
    let tenant = FakeTenant::demo();
    let upstreams = Upstreams::start(tenant.clone(), FakeFabric::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let output = upstreams.run(&["record", "--dir", folder.path().to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = std::fs::read_to_string(folder.path().join("answers.json")).unwrap();
    for workspace in &tenant.workspaces {
        assert!(!text.contains(&workspace.id) && !text.contains(&workspace.name), "{}", workspace.name);
    }
    for report in &tenant.reports {
        assert!(!text.contains(&report.id) && !text.contains(&report.name), "{}", report.name);
    }
    assert!(!text.contains(&tenant.principal_id) && !text.contains("contoso"));

    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let first = |route: &str| rows.iter().find(|row| row["route"] == route).unwrap()["body"].clone();
    let reports = first("GET /v1.0/myorg/groups/*/reports")["value"].as_array().unwrap().len();
    let datasets = first("GET /v1.0/myorg/groups/*/datasets")["value"].as_array().unwrap().len();
    assert!(reports > 0, "the first workspace holds reports");
    let url = replay(rows).await;
    let (secret, file) = (upstreams.secret.path().to_str().unwrap().to_owned(), folder.path().join("catalog.json"));
    let arguments = [
        "init",
        "--yes",
        "--file",
        file.to_str().unwrap(),
        "--secret",
        &secret,
        "--entra-url",
        &url,
        "--powerbi-url",
        &url,
        "--fabric-url",
        &upstreams.fabric_url,
        "--fabric-scope",
        "https://analysis.windows.net/powerbi/api/.default",
    ]
    .map(str::to_owned);
    let output = tokio::task::spawn_blocking(move || common::dynabind(&arguments.each_ref().map(String::as_str)));
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let catalog: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(datasets == 0 || !catalog["reports"].as_object().unwrap().is_empty(), "{catalog:#}");
}
