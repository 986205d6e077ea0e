//! Secrets Manager's `GetSecretValue`.

use devstack::Service::SecretsManager;
use devstack::Stack;
use serde_json::{Value, json};

use crate::client::{Reply, send, stack};

const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=dev/20261124/us-east-1/secretsmanager/\
                         aws4_request, SignedHeaders=host, Signature=00";

const GOOD: [(&str, &str); 4] = [
    ("x-amz-target", "secretsmanager.GetSecretValue"),
    ("content-type", "application/x-amz-json-1.1"),
    ("authorization", SIGNATURE),
    ("x-amz-date", "20261124T040000Z"),
];

async fn call(stack: &Stack, headers: &[(&str, &str)], body: &Value) -> Reply {
    send("POST", stack.upstream_url(SecretsManager), headers, &body.to_string()).await
}

#[tokio::test]
async fn the_current_version_is_returned_and_follows_rotation() {
    let stack = stack().await;
    let first = call(&stack, &GOOD, &json!({"SecretId": "dynabind-dev"})).await.json();
    assert_eq!(first["SecretString"], stack.stored_secret());
    assert_eq!(first["VersionStages"], json!(["AWSCURRENT"]));
    assert!(first["CreatedDate"].is_number());
    stack.rotate_secret();
    let second = call(&stack, &GOOD, &json!({"SecretId": first["ARN"]})).await.json();
    assert_ne!(second["VersionId"], first["VersionId"]);
    assert_ne!(second["SecretString"], first["SecretString"]);
    let previous = json!({"SecretId": "dynabind-dev", "VersionStage": "AWSPREVIOUS"});
    assert_eq!(call(&stack, &GOOD, &previous).await.json()["VersionId"], first["VersionId"]);
}

#[tokio::test]
async fn each_bad_request_has_its_own_exception() {
    let stack = stack().await;
    let without = |name: &str| GOOD.iter().filter(|(given, _)| *given != name).copied().collect::<Vec<_>>();
    let secret = json!({"SecretId": "dynabind-dev"});
    let table = [
        (GOOD.to_vec(), json!({"SecretId": "other"}), "ResourceNotFoundException"),
        (GOOD.to_vec(), json!({}), "SerializationException"),
        (without("authorization"), secret.clone(), "MissingAuthenticationTokenException"),
        (without("x-amz-date"), secret.clone(), "IncompleteSignatureException"),
        (without("x-amz-target"), secret, "UnknownOperationException"),
    ];
    for (headers, body, kind) in table {
        let reply = call(&stack, &headers, &body).await;
        assert_eq!((reply.status, reply.header("x-amzn-errortype")), (400, kind));
        assert_eq!(reply.json()["__type"], kind);
    }
}

/// With `--live` the secret is real. A page whose name resolves to loopback can set every header of a request.
#[tokio::test]
async fn a_foreign_page_gets_no_secret() {
    let stack = stack().await;
    let port = stack.upstream_url(SecretsManager).rsplit_once(':').unwrap().1.to_owned();
    let secret = json!({"SecretId": "dynabind-dev"});
    for (header, value) in [
        ("host", format!("evil.example:{port}")),
        ("host", format!("localhost@evil.example:{port}")),
        ("host", "127.0.0.1".to_owned()),
        ("origin", format!("http://evil.example:{port}")),
        ("origin", "null".to_owned()),
    ] {
        let headers = [&GOOD[..], &[(header, &*value)]].concat();
        let reply = call(&stack, &headers, &secret).await;
        assert_eq!(reply.status, 403, "{header}: {value}");
        assert!(!reply.text.contains("SecretString"), "{header}: {value}");
    }
    assert!(stack.secrets().calls().is_empty(), "a refused request is not logged");
    assert_eq!(call(&stack, &GOOD, &secret).await.status, 200);
}
