//! Environments that Lambda starts before there is a request.

use std::sync::Arc;

use acceptance::test_app::{TestApp, view};
use devstack::Fault;
use dynabind::App;
use dynabind::clock::Clock;
use dynabind::http::GatewayEvent;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

const NOTHING: [&str; 0] = [];

/// An environment of `token` with this kind of initialization, after its start.
async fn started(app: &TestApp, initialization: &str, scenario: &str) -> Arc<App> {
    let mut variables = app.stack.variables().clone();
    let more = [("AWS_LAMBDA_INITIALIZATION_TYPE", initialization), ("DYNABIND_SCENARIO", scenario)];
    variables.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let function = App::from_vars(&|name| variables.get(name).cloned(), Arc::clone(&app.clock) as Arc<dyn Clock>);
    let function = Arc::new(function.unwrap());
    function.warm_up().await;
    function
}

async fn first_status(app: &TestApp, function: &Arc<App>) -> Value {
    let event = app.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    let event: GatewayEvent = serde_json::from_str(&event.to_string()).unwrap();
    let handle = |request| {
        let function = Arc::clone(function);
        async move { token_function::handle(&function, request).await }
    };
    let answer = dynabind::http::invoke(handle, LambdaEvent::new(event, Context::default())).await.unwrap();
    serde_json::to_value(answer).unwrap()["statusCode"].clone()
}

#[tokio::test]
async fn the_first_request_finds_secret_and_access_token_cached() {
    for initialization in ["provisioned-concurrency", "lambda-managed-instances"] {
        let app = TestApp::open().await;
        let function = started(&app, initialization, "customers").await;
        assert_eq!(app.upstream_calls(), ["GetSecretValue", "EntraToken"], "{initialization}");
        assert_eq!(first_status(&app, &function).await, json!(200));
        assert_eq!(app.upstream_calls(), ["POST GenerateToken"], "{initialization}");
    }
}

#[tokio::test]
async fn a_federated_credential_is_fetched_early_as_well() {
    let app = TestApp::with_variables(&[("DYNABIND_CREDENTIAL", "federated")]).await;
    let function = started(&app, "provisioned-concurrency", "customers").await;
    assert_eq!(app.upstream_calls(), ["GetWebIdentityToken", "EntraToken"]);
    assert_eq!(first_status(&app, &function).await, json!(200));
    assert_eq!(app.upstream_calls(), ["POST GenerateToken"]);
}

#[tokio::test]
async fn nothing_is_fetched_early_without_need() {
    for (initialization, scenario) in [
        // A request is waiting.
        ("on-demand", "customers"),
        ("", "customers"),
        // With a snapshot, early values would be old when the snapshot is used.
        ("snap-start", "customers"),
        // Each user has their own access token.
        ("provisioned-concurrency", "organization"),
    ] {
        let app = TestApp::open().await;
        let _ = started(&app, initialization, scenario).await;
        assert_eq!(app.upstream_calls(), NOTHING, "{initialization} {scenario}");
    }
}

#[tokio::test]
async fn a_failed_early_fetch_is_repeated_by_the_first_request() {
    let app = TestApp::open().await;
    app.stack.secrets().fail("*", Fault::json(400, &json!({ "__type": "AccessDeniedException" })), Some(1));
    let function = started(&app, "provisioned-concurrency", "customers").await;
    assert_eq!(first_status(&app, &function).await, json!(200));
    assert_eq!(app.upstream_calls(), ["GetSecretValue", "GetSecretValue", "EntraToken", "POST GenerateToken"]);
}
