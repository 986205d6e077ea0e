//! Environments that Lambda starts ahead of their requests.

use std::sync::Arc;

use acceptance::front_door::{FrontDoor, view};
use devstack::Fault;
use dynabind::App;
use dynabind::clock::Clock;
use dynabind::http::GatewayEvent;
use lambda_http::{Context, LambdaEvent};
use serde_json::{Value, json};

const NOTHING: [&str; 0] = [];

/// An environment of `token`, started by Lambda in this way and made ready.
async fn started(door: &FrontDoor, initialization: &str, scenario: &str) -> Arc<App> {
    let mut variables = door.stack.variables().clone();
    let more = [("AWS_LAMBDA_INITIALIZATION_TYPE", initialization), ("DYNABIND_SCENARIO", scenario)];
    variables.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let app = App::from_vars(&|name| variables.get(name).cloned(), Arc::clone(&door.clock) as Arc<dyn Clock>);
    let app = Arc::new(app.unwrap());
    app.prepare().await;
    app
}

async fn first_status(door: &FrontDoor, app: &Arc<App>) -> Value {
    let event = door.stack.event("POST", "/token", Some("carl@contoso"), Some(&view("sales", "contoso-plan")));
    let event: GatewayEvent = serde_json::from_str(&event.to_string()).unwrap();
    let handle = |request| {
        let app = Arc::clone(app);
        async move { token_function::handle(&app, request).await }
    };
    let answer = dynabind::http::invoke(handle, LambdaEvent::new(event, Context::default())).await.unwrap();
    serde_json::to_value(answer).unwrap()["statusCode"].clone()
}

#[tokio::test]
async fn the_first_request_finds_secret_and_access_token_there() {
    for initialization in ["provisioned-concurrency", "lambda-managed-instances"] {
        let door = FrontDoor::open().await;
        let app = started(&door, initialization, "customers").await;
        assert_eq!(door.upstream_calls(), ["GetSecretValue", "EntraToken"], "{initialization}");
        assert_eq!(first_status(&door, &app).await, json!(200));
        assert_eq!(door.upstream_calls(), ["POST GenerateToken"], "{initialization}");
    }
}

#[tokio::test]
async fn nothing_is_fetched_ahead_where_it_would_be_of_no_use() {
    for (initialization, scenario) in [
        // A request is waiting.
        ("on-demand", "customers"),
        ("", "customers"),
        // What a snapshot holds is old when it is used.
        ("snap-start", "customers"),
        // Access tokens are the users' own.
        ("provisioned-concurrency", "organization"),
    ] {
        let door = FrontDoor::open().await;
        let _ = started(&door, initialization, scenario).await;
        assert_eq!(door.upstream_calls(), NOTHING, "{initialization} {scenario}");
    }
}

#[tokio::test]
async fn what_cannot_be_fetched_ahead_is_fetched_by_the_first_request() {
    let door = FrontDoor::open().await;
    door.stack.secrets().fail("*", Fault::json(400, &json!({ "__type": "AccessDeniedException" })), Some(1));
    let app = started(&door, "provisioned-concurrency", "customers").await;
    assert_eq!(first_status(&door, &app).await, json!(200));
    assert_eq!(door.upstream_calls(), ["GetSecretValue", "GetSecretValue", "EntraToken", "POST GenerateToken"]);
}
