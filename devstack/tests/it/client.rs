//! An HTTP client without redirects.

use std::sync::OnceLock;
use std::time::Duration;

use devstack::Service::{Entra, PowerBi};
use devstack::{Stack, StackOptions, fake_tenant::ids};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The status and the cause in Power BI's header.
    pub(crate) fn cause(&self) -> (u16, &str) {
        (self.status, self.header("x-powerbi-error-info"))
    }
}

#[expect(clippy::disallowed_methods, reason = "this client tests servers, and is not part of a function")]
pub(crate) fn client() -> Client {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .danger_accept_invalid_certs(true)
        .build()
        .unwrap()
}

pub(crate) async fn try_send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> reqwest::Result<Reply> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client().request(method, url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Reply { status, headers, text: response.text().await? })
}

pub(crate) async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    try_send(method, url, headers, body).await.unwrap()
}

pub(crate) async fn get(url: &str, headers: &[(&str, &str)]) -> Reply {
    send("GET", url, headers, "").await
}

pub(crate) async fn stack() -> Stack {
    Stack::start(StackOptions::default()).await.unwrap()
}

/// Posts a form to Entra's token endpoint for the demo's tenant.
pub(crate) async fn post_form(stack: &Stack, form: &[(&str, &str)]) -> Reply {
    let form = serde_urlencoded::to_string(form).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    send("POST", &token_url(stack), &headers, &form).await
}

pub(crate) fn token_url(stack: &Stack) -> String {
    format!("{}/{}/oauth2/v2.0/token", stack.upstream_url(Entra), ids::DIRECTORY)
}

pub(crate) fn client_secret(stack: &Stack) -> String {
    let secret: Value = serde_json::from_str(&stack.stored_secret()).unwrap();
    secret["clientSecret"].as_str().unwrap().to_owned()
}

/// `Bearer` and an access token of the service principal for Power BI.
pub(crate) async fn bearer(stack: &Stack) -> String {
    bearer_for(stack, "https://analysis.windows.net/powerbi/api/.default").await
}

/// `Bearer` and an access token of the service principal for a scope.
pub(crate) async fn bearer_for(stack: &Stack, scope: &str) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", ids::CLIENT),
        ("client_secret", &client_secret(stack)),
        ("scope", scope),
    ];
    let reply = post_form(stack, &form).await;
    format!("Bearer {}", reply.json()["access_token"].as_str().unwrap())
}

pub(crate) fn powerbi_url(stack: &Stack, path: &str) -> String {
    format!("{}/v1.0/myorg/{path}", stack.upstream_url(PowerBi))
}

/// Calls Power BI's REST API as the service principal.
pub(crate) async fn powerbi(stack: &Stack, path: &str) -> Reply {
    get(&powerbi_url(stack, path), &[("authorization", &bearer(stack).await)]).await
}

/// Requests an embed token as the service principal.
pub(crate) async fn generate(stack: &Stack, body: &Value) -> Reply {
    let headers = [("authorization", &*bearer(stack).await), ("content-type", "application/json")];
    send("POST", &powerbi_url(stack, "GenerateToken"), &headers, &body.to_string()).await
}
