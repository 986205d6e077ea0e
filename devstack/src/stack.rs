//! The whole stack, started and stopped as one.

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
/// Everything ends when it is dropped. What concerns the upstreams (call logs,
/// faults, tokens, the secret) is reached through [`Deref`] to [`FakeServices`].
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
    /// The gateway's URL, without a slash at the end; the token issuer's too.
    #[must_use]
    pub fn url(&self) -> &str {
        self.issuer.url()
    }

    /// The gateway's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.gateway_server.port()
    }

    /// The port of the simulated embed host, if one was asked for.
    #[must_use]
    pub fn embed_port(&self) -> Option<u16> {
        self.embed.as_ref().map(|embed| embed.server.port())
    }

    /// The environment variables of a function that works against this stack.
    #[must_use]
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The catalog that the functions read.
    #[must_use]
    pub fn catalog_path(&self) -> &Path {
        &self.files.catalog
    }

    /// Arguments that make a Chromium take the embed host for the real one, if
    /// there is an embed host; nothing else is let through.
    #[must_use]
    pub fn browser_arguments(&self) -> Option<Vec<String>> {
        let embed = self.embed.as_ref()?;
        Some(vec![
            format!("--host-resolver-rules=MAP {EMBED_HOST} 127.0.0.1"),
            format!("--ignore-certificate-errors-spki-list={}", embed.fingerprint),
            // A profile of its own, without which the list of keys is not heeded.
            format!("--user-data-dir={}", std::env::temp_dir().join("dynabind-browser").display()),
        ])
    }

    /// Takes over the catalog's file if it has changed, as the next request would.
    pub fn look_at_catalog(&self) {
        self.gateway.functions.look_at_catalog();
    }

    /// One command that returns a config.
    #[must_use]
    pub fn curl(&self) -> &str {
        &self.curl
    }

    /// A good token of a demo caller, such as `ana@contoso`.
    ///
    /// # Panics
    /// When there is no such caller.
    #[must_use]
    pub fn token_for(&self, user: &str) -> String {
        self.issuer.sign(&self.claims_of(user))
    }

    /// The claims of a good token of a demo caller, to be changed and signed.
    ///
    /// # Panics
    /// When there is no such caller.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that names an unknown caller is wrong itself")]
    pub fn claims_of(&self, user: &str) -> Value {
        self.issuer.claims(self.issuer.user(user).expect("a demo caller"))
    }

    /// Signs any claims with the issuer's key.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.issuer.sign(claims)
    }

    /// The event that the gateway would hand to a function.
    ///
    /// `path` may have a query. With a caller it carries verified claims and
    /// the bearer token; without one, no authorizer context at all.
    ///
    /// # Panics
    /// When there is no such caller, or the path is not one.
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

    /// Hands an event to one of the functions in this process, past the gateway's doors.
    pub async fn invoke(&self, function: &str, event: Value) -> Response {
        self.gateway.functions.invoke(function, event, &Uuid::new_v4().to_string()).await
    }

    /// Does so with less time than the function's own timeout gives it.
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

#[expect(clippy::expect_used, reason = "a test that asks for no path is wrong itself")]
fn parsed_path(path: &str) -> Uri {
    path.parse().expect("a path, perhaps with a query")
}
