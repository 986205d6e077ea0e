//! The real binaries under cargo-lambda's emulator of Lambda, with moto as Secrets Manager and the other stand-ins.

use std::collections::BTreeMap;

use acceptance::cargo_lambda::CargoLambda;
use acceptance::moto::{Moto, REGION};
use acceptance::{openapi, swagger};
use devstack::fake_tenant::ids;
use devstack::{Service, Stack, StackOptions};
use serde_json::{Value, json};

/// The functions under cargo-lambda, and their upstreams.
struct Local {
    lambda: CargoLambda,
    moto: Moto,
    secret_arn: String,
    stack: Stack,
}

impl Local {
    async fn start() -> Self {
        let stack = Stack::start(StackOptions::default()).await.unwrap();
        let moto = Moto::start();
        let secret_arn = moto.create_secret("dynabind/service-principal", &credentials(&stack)).await;
        let mut variables: BTreeMap<_, _> = stack.variables().clone();
        for (name, value) in [
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto.url()),
            ("AWS_REGION", REGION.to_owned()),
            ("DYNABIND_SECRET_ID", secret_arn.clone()),
        ] {
            variables.insert(name.to_owned(), value);
        }
        let lambda = CargoLambda::start(&variables);
        Self { lambda, moto, secret_arn, stack }
    }

    /// The status and body of a function's answer to an event, which must match the API description.
    fn invoke(&self, function: &str, event: &str) -> (u16, Value) {
        let event_text = acceptance::project::json(&format!("tests/events/{event}.json"));
        let answer = self.lambda.invoke(function, event);
        let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let content_type = answer["headers"]["content-type"].as_str().unwrap();
        let method = event_text["requestContext"]["http"]["method"].as_str().unwrap();
        let path = event_text["rawPath"].as_str().unwrap();
        openapi::assert_response(method, path, status, content_type, &body);
        assert_eq!(answer["headers"]["cache-control"], "no-store", "{event}");
        (status, body)
    }

    fn calls(&self, service: Service) -> usize {
        self.stack.log().of(service).len()
    }
}

/// The credentials that the stand-in for Entra accepts, in the format of the secret.
fn credentials(stack: &Stack) -> Value {
    serde_json::from_str(&stack.stored_secret()).unwrap()
}

#[tokio::test]
async fn moto_keeps_the_versions_of_a_secret() {
    let moto = Moto::start();
    let first = json!({ "clientSecret": "one" });
    let arn = moto.create_secret("dynabind/service-principal", &first).await;
    assert_eq!(moto.secret_value(&arn).await, first);
    let second = json!({ "clientSecret": "two" });
    moto.put_secret_value(&arn, &second).await;
    assert_eq!(moto.secret_value(&arn).await, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_binaries_serve_their_routes_and_outlive_a_rotation() {
    let local = Local::start().await;
    answers_of_each_function(&local);
    refusals(&local);
    a_rotated_secret(&local).await;
    swagger::assert_calls(local.stack.log().all().iter());
}

fn answers_of_each_function(local: &Local) {
    let (status, token) = local.invoke("token", "token");
    assert_eq!((status, &token["tokenType"]), (200, &json!("Embed")), "{token}");

    let (status, config) = local.invoke("config", "config");
    assert_eq!(status, 200, "{config}");
    let bound: Vec<_> = config["configs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|config| config["datasetBinding"]["datasetId"].as_str().unwrap())
        .collect();
    assert_eq!(bound, [ids::CONTOSO_SALES, ids::CONTOSO_PLAN]);

    let (status, config) = local.invoke("config", "config-inferred");
    assert_eq!(status, 200, "{config}");
    let bound = &config["configs"][0]["datasetBinding"]["datasetId"];
    assert_eq!(bound, ids::FABRIKAM_SALES, "the only dataset of this caller");

    let (status, datasets) = local.invoke("datasets", "datasets");
    assert_eq!(status, 200, "{datasets}");
    let listed = datasets["datasets"].as_array().unwrap();
    assert!(listed.iter().any(|dataset| dataset["dataset"] == "contoso-sales"), "{datasets}");
    assert!(listed.iter().all(|dataset| dataset["dataset"] != "fabrikam-sales"), "{datasets}");
}

fn refusals(local: &Local) {
    let before = local.calls(Service::PowerBi);
    for (event, status, problem) in [
        ("token-of-another-tenant", 403, "urn:dynabind:problem:not-entitled"),
        ("token-without-claims", 401, "urn:dynabind:problem:unauthenticated"),
    ] {
        let (answered, body) = local.invoke("token", event);
        assert_eq!((answered, body["type"].as_str()), (status, Some(problem)), "{event}");
    }
    assert_eq!(local.calls(Service::PowerBi), before, "Power BI was called for a refused request");
}

/// Entra accepts only the new secret and Power BI refuses the old access token, but the functions still have both cached.
async fn a_rotated_secret(local: &Local) {
    local.stack.rotate_secret();
    local.moto.put_secret_value(&local.secret_arn, &credentials(&local.stack)).await;
    local.stack.revoke_access_tokens();
    let before = local.calls(Service::Entra);
    let (status, token) = local.invoke("token", "token-of-another-dataset");
    assert_eq!(status, 200, "{token}");
    assert_eq!(local.calls(Service::Entra), before + 2, "the old secret, then the new one");
}
