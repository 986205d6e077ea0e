//! Entra's federated credentials: a token of STS instead of a secret.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use devstack::Service::Sts;
use devstack::fake_tenant::ids;
use devstack::{FederatedCredential, Stack, StackOptions};
use serde_json::{Value, json};

use crate::client::{Reply, client_secret, post_form, stack};
use crate::sts::token_of_sts;
use test_support::clock::ManualClock;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SCOPE: &str = "https://analysis.windows.net/powerbi/api/.default";

async fn ask(stack: &Stack, assertion: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", ids::CLIENT),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
        ("scope", SCOPE),
    ];
    post_form(stack, &form).await
}

fn code(reply: &Reply) -> Value {
    reply.json()["error_codes"][0].clone()
}

/// The token with some header parameters and claims replaced. Its signature is then wrong.
fn altered(token: &str, header: &Value, claims: &Value) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let merged = |part: &str, changes: &Value| {
        let mut value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        URL_SAFE_NO_PAD.encode(value.to_string())
    };
    format!("{}.{}.{}", merged(parts[0], header), merged(parts[1], claims), parts[2])
}

#[tokio::test]
async fn a_token_of_the_trusted_role_is_accepted_like_a_secret_many_times() {
    let stack = stack().await;
    let token = token_of_sts(&stack, 300).await;
    for _ in 0..2 {
        let reply = ask(&stack, &token).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

#[tokio::test]
async fn it_authenticates_the_app_in_the_on_behalf_of_flow() {
    let stack = stack().await;
    let (token, user) = (token_of_sts(&stack, 300).await, stack.token_for("ana@contoso"));
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("requested_token_use", "on_behalf_of"),
        ("assertion", &user),
        ("client_id", ids::CLIENT),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &token),
        ("scope", SCOPE),
    ];
    let reply = post_form(&stack, &form).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn issuer_subject_and_audience_are_compared_as_they_are_written() {
    let stack = stack().await;
    let token = token_of_sts(&stack, 300).await;
    let good = stack.federated_credential();
    let upper = good.subject.replace("dynabind-dev", "Dynabind-Dev");
    let slash = format!("{}/", good.issuer);
    let other_cloud = "api://AzureADTokenExchangeUSGov".to_owned();
    let none: Vec<FederatedCredential> = Vec::new();
    for (credentials, expected) in [
        (none, 70_025),
        (vec![FederatedCredential { issuer: slash, ..good.clone() }], 700_211),
        (vec![FederatedCredential { audience: other_cloud, ..good.clone() }], 700_212),
        (vec![FederatedCredential { subject: upper, ..good.clone() }], 700_213),
    ] {
        stack.replace_federated_credentials(credentials);
        let reply = ask(&stack, &token).await;
        assert_eq!((reply.status, code(&reply)), (401, json!(expected)), "{}", reply.text);
        assert_eq!(reply.json()["error"], "invalid_client");
    }
    // An app has up to 20 federated credentials. A token must match one of them.
    let other = FederatedCredential { subject: "arn:aws:iam::123456789012:role/other".to_owned(), ..good.clone() };
    stack.replace_federated_credentials(vec![other, good]);
    assert_eq!(ask(&stack, &token).await.status, 200);
}

#[tokio::test]
async fn every_part_of_a_token_is_checked() {
    let stack = stack().await;
    let token = token_of_sts(&stack, 300).await;
    let (none, subject) = (json!({}), json!({ "sub": "arn:aws:iam::123456789012:role/Admin" }));
    for (assertion, expected) in [
        ("e30.e30.AA".to_owned(), 5_002_738),
        ("not a token".to_owned(), 700_027),
        (altered(&token, &json!({ "alg": "ES384" }), &none), 5_002_738),
        (altered(&token, &json!({ "alg": "none" }), &none), 5_002_738),
        (altered(&token, &json!({ "alg": "HS256" }), &none), 5_002_738),
        (altered(&token, &json!({ "kid": "RSA_1" }), &none), 50_013),
        (altered(&token, &none, &subject), 50_013),
        (altered(&token, &none, &json!({ "iss": "http://127.0.0.1:1" })), 700_211),
    ] {
        assert_eq!(code(&ask(&stack, &assertion).await), json!(expected), "{assertion}");
    }
    // A trusted issuer that publishes nothing: the address of the API.
    let issuer = stack.upstream_url(Sts).to_owned();
    stack.replace_federated_credentials(vec![FederatedCredential {
        issuer: issuer.clone(),
        ..stack.federated_credential()
    }]);
    assert_eq!(code(&ask(&stack, &altered(&token, &none, &json!({ "iss": issuer }))).await), json!(501_661));
}

#[tokio::test]
async fn a_token_is_refused_after_its_expiry_and_together_with_a_secret() {
    let clock = Arc::new(ManualClock::default());
    let stack = Stack::start(StackOptions { clock: Arc::clone(&clock) as _, ..StackOptions::default() }).await.unwrap();
    let token = token_of_sts(&stack, 60).await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", ids::CLIENT),
        ("client_secret", &client_secret(&stack)),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &token),
        ("scope", SCOPE),
    ];
    assert_eq!(code(&post_form(&stack, &form).await), json!(7_000_218));
    assert_eq!(code(&post_form(&stack, &[&form[..2], &form[3..]].concat()).await), Value::Null);
    clock.advance(Duration::from_mins(1));
    let late = ask(&stack, &token).await;
    assert_eq!((late.status, code(&late)), (401, json!(700_024)), "{}", late.text);
}
