//! The gateway's events, payload format 2.0.

use bytes::Bytes;
use serde_json::json;

use crate::catalog::{DATASET, REPORT, TENANT};

/// The route of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route {
    /// `POST /token`
    Token,
    /// `POST /config`
    Config,
    /// `GET /datasets`
    Datasets,
}

impl Route {
    /// The function's binary.
    #[must_use]
    pub fn function(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Config => "config",
            Self::Datasets => "datasets",
        }
    }

    /// An event of the user with this number. Each user has a separate identity, and so a separate embed token.
    #[must_use]
    pub fn event(self, user: usize) -> Bytes {
        let method = if self == Self::Datasets { "GET" } else { "POST" };
        let path = format!("/{}", self.function());
        let body = json!({"bindings": [{"report": REPORT, "dataset": DATASET}]}).to_string();
        let context = context(method, &path, user);
        let mut event = json!({
            "version": "2.0",
            "routeKey": format!("{method} {path}"),
            "rawPath": path,
            "rawQueryString": "",
            "headers": headers(),
            "requestContext": context,
            "isBase64Encoded": false,
        });
        if method == "POST" {
            event["body"] = json!(body);
        }
        Bytes::from(event.to_string())
    }
}

fn headers() -> serde_json::Value {
    json!({
        "accept": "application/json",
        "accept-encoding": "gzip, deflate, br",
        // As long as a typical token.
        "authorization": format!("Bearer {}", "eyJ0".repeat(250)),
        "content-type": "application/json",
        "host": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
        "origin": "https://app.example.com",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0",
        "x-amzn-trace-id": "Root=1-6742a1b0-0123456789abcdef01234567",
        "x-correlation-id": "page-7f3a",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    })
}

fn context(method: &str, path: &str, user: usize) -> serde_json::Value {
    let claims = json!({
        "aud": "https://api.dynabind.example",
        "email": format!("user-{user}@contoso.example"),
        "exp": "1795492800",
        "groups": "[analysts readers]",
        "iat": "1795489200",
        "iss": "https://login.example.com/",
        "name": "Ana Lima",
        "scope": "access",
        "sub": "ana@contoso",
        "tenant": TENANT,
    });
    json!({
        "accountId": "123456789012",
        "apiId": "abcdef1234",
        "authorizer": {"jwt": {"claims": claims, "scopes": ["access"]}},
        "domainName": "abcdef1234.execute-api.eu-west-1.amazonaws.com",
        "domainPrefix": "abcdef1234",
        "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": ""},
        "requestId": "JKJaXmPLvHcESHA=",
        "routeKey": format!("{method} {path}"),
        "stage": "$default",
        "time": "24/Nov/2026:03:00:00 +0000",
        "timeEpoch": 1_795_489_200_000_u64,
    })
}
