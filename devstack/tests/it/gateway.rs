//! The gateway authorizes requests like the real one.

use devstack::Stack;
use serde_json::{Value, json};

use crate::client::{Reply, get, send, stack};

async fn datasets(stack: &Stack, token: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    get(&format!("{}/datasets", stack.url()), &[("authorization", &bearer)]).await
}

/// Ana's token with some claims replaced; `null` removes one.
fn token_with(stack: &Stack, changes: &Value) -> String {
    let mut claims = stack.claims_of("ana@contoso");
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    stack.sign(&claims)
}

#[tokio::test]
async fn only_a_good_token_passes() {
    let stack = stack().await;
    let now = stack.claims_of("ana@contoso")["iat"].as_u64().unwrap();
    let refused = [
        json!({"iss": "https://other.example"}),
        json!({"aud": "other"}),
        json!({"aud": null}),
        json!({"exp": now - 1}),
        json!({"exp": null}),
        json!({"nbf": now + 60}),
        json!({"iat": now + 60}),
    ];
    for changes in refused {
        let reply = datasets(&stack, &token_with(&stack, &changes)).await;
        assert_eq!((reply.status, reply.json()), (401, json!({"message": "Unauthorized"})), "{changes}");
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{changes}");
    }
    let good = stack.token_for("ana@contoso");
    let mut forged = good.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'Q' } else { 'A' });
    for token in [&forged, "x", "a.b.c"] {
        assert_eq!(datasets(&stack, token).await.status, 401, "{token}");
    }
    assert_eq!(get(&format!("{}/datasets", stack.url()), &[]).await.status, 401);
    let passed = datasets(&stack, &good).await;
    assert!(![401, 404].contains(&passed.status), "{}", passed.status);
    assert!(!passed.header("apigw-requestid").is_empty());
}

#[tokio::test]
async fn a_token_without_the_scope_is_forbidden() {
    let stack = stack().await;
    for changes in [json!({"scope": "other"}), json!({"scope": null})] {
        let reply = datasets(&stack, &token_with(&stack, &changes)).await;
        assert_eq!((reply.status, reply.json()), (403, json!({"message": "Forbidden"})));
        assert!(reply.header("www-authenticate").contains("insufficient_scope"));
    }
    for changes in [json!({"scope": "a bindings"}), json!({"scope": null, "scp": ["bindings"]})] {
        let reply = datasets(&stack, &token_with(&stack, &changes)).await;
        assert!(![401, 403, 404].contains(&reply.status) || reply.json()["message"].is_null());
    }
}

#[tokio::test]
async fn a_request_without_a_route_is_not_found() {
    let stack = stack().await;
    for (method, path) in
        [("GET", "/token"), ("DELETE", "/datasets"), ("POST", "/"), ("GET", "/no/such"), ("POST", "/token/")]
    {
        let reply = send(method, &format!("{}{path}", stack.url()), &[], "").await;
        assert_eq!((reply.status, reply.json()), (404, json!({"message": "Not Found"})), "{method} {path}");
    }
    let home = get(stack.url(), &[]).await;
    assert_eq!(home.status, 200);
}

#[tokio::test]
async fn requests_that_are_too_large_are_refused_before_any_function_runs() {
    let stack = stack().await;
    let url = format!("{}/token", stack.url());
    let long = "x".repeat(10_240);
    assert_eq!(send("POST", &url, &[("x-long", &long)], "").await.status, 431);
    let bearer = format!("Bearer {}", stack.token_for("ana@contoso"));
    let body = "x".repeat(7 * 1024 * 1024);
    let reply = send("POST", &url, &[("authorization", &bearer)], &body).await;
    assert_eq!((reply.status, reply.json()["message"].as_str()), (413, Some("Request Entity Too Large")));
}

#[tokio::test]
async fn preflight_is_answered_by_the_gateway() {
    let stack = stack().await;
    let preflight = async |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        send("OPTIONS", &format!("{}/token", stack.url()), &headers, "").await
    };
    let allowed = preflight(stack.url()).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), stack.url());
    assert!(allowed.header("access-control-allow-methods").contains("POST"));
    assert!(allowed.header("access-control-allow-headers").contains("authorization"));
    let foreign = preflight("https://evil.example").await;
    assert_eq!(foreign.status, 204);
    assert!(!foreign.headers.keys().any(|name| name.as_str().starts_with("access-control")));
    // Without `Access-Control-Request-Method` it is an ordinary request.
    assert_eq!(send("OPTIONS", &format!("{}/token", stack.url()), &[], "").await.status, 404);
}

#[tokio::test]
async fn refusals_can_be_read_by_an_allowed_page() {
    let stack = stack().await;
    let url = format!("{}/datasets", stack.url());
    let reply = get(&url, &[("origin", stack.url())]).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("access-control-allow-origin"), stack.url());
    let reply = get(&url, &[("origin", "https://evil.example")]).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

/// Every route under `/dev`, with one of its methods.
const CONTROL: [(&str, &str); 12] = [
    ("GET", "/dev"),
    ("GET", "/dev/users"),
    ("GET", "/dev/token?user=ana@contoso"),
    ("GET", "/dev/calls"),
    ("DELETE", "/dev/calls"),
    ("GET", "/dev/faults"),
    ("DELETE", "/dev/faults"),
    ("POST", "/dev/rotate-secret"),
    ("POST", "/dev/revoke-tokens"),
    ("POST", "/dev/expire-tokens"),
    ("POST", "/dev/latency"),
    ("POST", "/dev/token-info"),
];

#[tokio::test]
async fn the_control_api_refuses_a_foreign_host_or_origin() {
    let stack = stack().await;
    let port = stack.url().rsplit_once(':').unwrap().1.to_owned();
    let secret = stack.stored_secret();
    let foreign = [
        // DNS rebinding: the page's own name resolves to loopback.
        ("host", format!("evil.example:{port}")),
        ("host", format!("localhost.evil.example:{port}")),
        ("host", format!("127.0.0.1.nip.io:{port}")),
        ("host", format!("localhost@evil.example:{port}")),
        ("host", "localhost:1".to_owned()),
        ("host", "localhost".to_owned()),
        ("host", "not a host".to_owned()),
        // A page of another origin sends requests to loopback.
        ("origin", "https://evil.example".to_owned()),
        ("origin", format!("http://evil.example:{port}")),
        ("origin", format!("https://localhost:{port}")),
        ("origin", "http://localhost:5173".to_owned()),
        ("origin", "http://localhost".to_owned()),
        ("origin", "null".to_owned()),
        ("origin", String::new()),
    ];
    for (method, path) in CONTROL {
        for (header, value) in &foreign {
            let reply = send(method, &format!("{}{path}", stack.url()), &[(header, value)], "").await;
            assert_eq!(reply.status, 403, "{method} {path} with {header}: {value}");
            assert!(reply.json()["message"].as_str().unwrap().starts_with("/dev answers only"), "{}", reply.text);
        }
    }
    assert_eq!(stack.stored_secret(), secret, "nothing was changed");
}

#[tokio::test]
async fn the_control_api_answers_to_loopback_names_and_its_own_pages() {
    let stack = stack().await;
    let port = stack.url().rsplit_once(':').unwrap().1;
    let url = format!("{}/dev/users", stack.url());
    for name in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        let (host, origin) = (format!("{name}:{port}"), format!("http://{name}:{port}"));
        for headers in [vec![("host", &*host)], vec![("host", &*host), ("origin", &*origin)]] {
            assert_eq!(get(&url, &headers).await.status, 200, "{headers:?}");
        }
    }
    let elsewhere = [("host", "evil.example"), ("origin", "https://evil.example")];
    let discovery = get(&format!("{}/.well-known/openid-configuration", stack.url()), &elsewhere).await;
    assert_eq!(discovery.status, 200, "only the control API is guarded");
}

#[tokio::test]
async fn the_issuer_publishes_its_discovery_document_and_keys() {
    let stack = stack().await;
    let discovery = get(&format!("{}/.well-known/openid-configuration", stack.url()), &[]).await.json();
    assert_eq!(discovery["issuer"], stack.url());
    let jwks = get(discovery["jwks_uri"].as_str().unwrap(), &[]).await.json();
    assert_eq!((&jwks["keys"][0]["kty"], &jwks["keys"][0]["alg"]), (&json!("RSA"), &json!("RS256")));
    let users = get(&format!("{}/dev/users", stack.url()), &[]).await.json();
    assert!(users["users"].as_array().unwrap().len() >= 4);
    let token = async |query: &str| {
        let reply = get(&format!("{}/dev/token?user=carl@contoso{query}", stack.url()), &[]).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; charset=utf-8"));
        datasets(&stack, &reply.text).await.status
    };
    assert_ne!(token("").await, 401);
    assert_eq!(token("&expired=1").await, 401);
    assert_eq!(token("&aud=wrong").await, 401);
    assert_eq!(token("&scope=none").await, 403);
    assert_eq!(get(&format!("{}/dev/token?user=nobody", stack.url()), &[]).await.status, 404);
}
