//! The whole stack.

mod on_disk;
mod start;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, SystemTime};

use axum::response::Response;
use http::{HeaderMap, HeaderValue, Uri};
use serde_json::Value;
use uuid::Uuid;

use self::on_disk::OnDisk;
use crate::embed::EMBED_HOST;
use crate::fake_services::FakeServices;
use crate::gateway::event::{self, EventParts};
use crate::gateway::{Authorizer, Gateway};
use crate::issuer::Issuer;
use crate::server::Server;
use crate::template::Route;

/// A running stack: gateway, issuer, functions and their upstreams.
///
/// Everything ends when it is dropped. It dereferences to [`FakeServices`], for call logs, faults, tokens and the secret.
pub struct Stack {
    upstreams: FakeServices,
    issuer: Issuer,
    gateway: std::sync::Arc<Gateway>,
    gateway_server: Server,
    embed: Option<Embed>,
    variables: BTreeMap<String, String>,
    files: OnDisk,
    curl: String,
}

/// The running embed host.
struct Embed {
    server: Server,
    /// The fingerprint of its public key.
    fingerprint: String,
}

impl Deref for Stack {
    type Target = FakeServices;

    fn deref(&self) -> &FakeServices {
        &self.upstreams
    }
}

impl Stack {
    /// The URL of the gateway and the token issuer, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        self.issuer.url()
    }

    /// The gateway's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.gateway_server.port()
    }

    /// The port of the simulated embed host, if there is one.
    #[must_use]
    pub fn embed_port(&self) -> Option<u16> {
        self.embed.as_ref().map(|embed| embed.server.port())
    }

    /// The environment variables of a function that uses this stack.
    #[must_use]
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The catalog that the functions read.
    #[must_use]
    pub fn catalog_path(&self) -> &Path {
        &self.files.catalog
    }

    /// Chromium arguments that map the real embed host to the simulated one, if there is one. They accept no other
    /// certificate.
    #[must_use]
    pub fn browser_arguments(&self) -> Option<Vec<String>> {
        let embed = self.embed.as_ref()?;
        Some(vec![
            format!("--host-resolver-rules=MAP {EMBED_HOST} 127.0.0.1"),
            format!("--ignore-certificate-errors-spki-list={}", embed.fingerprint),
            // Chromium ignores the list of keys without a separate profile.
            format!("--user-data-dir={}", std::env::temp_dir().join("dynabind-browser").display()),
        ])
    }

    /// Loads the catalog's file if it has changed, as the next request would.
    pub fn look_at_catalog(&self) {
        self.gateway.functions.look_at_catalog();
    }

    /// Restarts every function with empty memory, as Lambda does for a new environment.
    ///
    /// # Errors
    /// When a function refuses its settings.
    pub fn restart_functions(&self) -> Result<(), crate::StartError> {
        self.gateway.functions.restart()
    }

    /// One command that returns a config.
    #[must_use]
    pub fn curl(&self) -> &str {
        &self.curl
    }

    /// A valid token of a demo caller, such as `ana@contoso`.
    ///
    /// # Panics
    /// When there is no such caller.
    #[must_use]
    pub fn token_for(&self, user: &str) -> String {
        self.issuer.sign(&self.claims_of(user))
    }

    /// The claims of a valid token of a demo caller, for [`Self::sign`] after changes.
    ///
    /// # Panics
    /// When there is no such caller.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an unknown caller is an error of the test")]
    pub fn claims_of(&self, user: &str) -> Value {
        self.issuer.claims(self.issuer.user(user).expect("a demo caller"))
    }

    /// Signs any claims with the issuer's key.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.issuer.sign(claims)
    }

    /// The event that the gateway would send to a function.
    ///
    /// `path` may have a query. With a caller, the event has verified claims and the bearer token; without one, it has no
    /// authorizer context.
    ///
    /// # Panics
    /// When there is no such caller, or the path is not valid.
    #[must_use]
    pub fn event(&self, method: &str, path: &str, user: Option<&str>, body: Option<&Value>) -> Value {
        let mut headers = base_headers(self.port());
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
        }
        let grant = user.map(|user| {
            let bearer = format!("Bearer {}", self.token_for(user));
            if let Ok(bearer) = HeaderValue::from_str(&bearer) {
                headers.insert("authorization", bearer);
            }
            self.grant(&headers)
        });
        let uri = parsed_path(path);
        let route = Route {
            method: method.to_owned(),
            path: uri.path().to_owned(),
            function: String::new(),
            authorized: grant.is_some(),
        };
        event::build(&EventParts {
            method,
            uri: &uri,
            headers: &headers,
            body: body.as_bytes(),
            route: &route,
            parameters: &BTreeMap::new(),
            grant: grant.flatten().as_ref(),
            now: self.now(),
            request_id: &Uuid::new_v4().to_string(),
        })
    }

    /// Invokes one of the functions in this process, without the gateway.
    pub async fn invoke(&self, function: &str, event: Value) -> Response {
        self.gateway.functions.invoke(function, event, &Uuid::new_v4().to_string()).await
    }

    /// Invokes a function with a shorter timeout than its own.
    pub async fn invoke_within(&self, function: &str, event: Value, limit: Duration) -> Response {
        self.gateway.functions.invoke_within(function, event, &Uuid::new_v4().to_string(), limit).await
    }

    fn now(&self) -> SystemTime {
        self.gateway.time.now()
    }

    fn grant(&self, headers: &HeaderMap) -> Option<crate::gateway::VerifiedToken> {
        let now = self.gateway.time.unix();
        self.gateway.authorizer.as_ref().and_then(|authorizer: &Authorizer| authorizer.check(headers, now).ok())
    }
}

fn base_headers(port: u16) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(host) = HeaderValue::from_str(&format!("127.0.0.1:{port}")) {
        headers.insert("host", host);
    }
    headers.insert("user-agent", HeaderValue::from_static("devstack"));
    headers.insert("accept", HeaderValue::from_static("*/*"));
    headers
}

#[expect(clippy::expect_used, reason = "an invalid path is an error of the test")]
fn parsed_path(path: &str) -> Uri {
    path.parse().expect("a path, perhaps with a query")
}
