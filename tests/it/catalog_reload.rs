//! Edits of the development stack's catalog while the stack runs.

use acceptance::project;
use acceptance::test_app::{TestApp, view};
use devstack::StackOptions;
use serde_json::json;

#[tokio::test]
async fn an_edit_takes_effect_without_a_restart_and_a_broken_one_does_not() {
    let demo = project::json("devstack/demo/catalog.json");
    let options = StackOptions { catalog: Some(demo.clone()), ..StackOptions::default() };
    let app = TestApp::with(options).await;
    let write = |catalog: &serde_json::Value| std::fs::write(app.stack.catalog_path(), catalog.to_string()).unwrap();
    let ask = async || app.token("carl@contoso", view("ops", "contoso-plan")).await.status;
    assert_eq!(ask().await, 403);

    let mut wider = demo.clone();
    wider["tenants"]["contoso"]["grants"][0]["reports"] = json!(["sales", "ops"]);
    write(&wider);
    assert_eq!(ask().await, 200);

    let mut broken = demo.clone();
    broken["tenants"]["contoso"]["grants"][0]["reports"] = json!(["sales", "nope"]);
    write(&broken);
    assert_eq!(ask().await, 200, "the last valid catalog stays in use");
    std::fs::remove_file(app.stack.catalog_path()).unwrap();
    assert_eq!(ask().await, 200);

    write(&demo);
    assert_eq!(ask().await, 403);
}
