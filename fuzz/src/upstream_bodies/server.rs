//! All upstreams on one port; the first segment of the path names the upstream.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::script::Script;
use crate::fixtures::{ACCESS_TOKEN, EMBED_TOKEN};
use crate::http::{Request, Server, response};

/// The client secret. Like a real secret, it does not have the form of an error code. Codes are logged.
pub(super) const CLIENT_SECRET: &str = "cSe8Q~the-client-secret-in-the-store";

/// The access token for the user, which the page gets.
const USERS_TOKEN: &str = "the-users-own-access-token";

/// The running server and its script.
pub(super) struct ScriptedServer {
    server: Server,
    script: Arc<Mutex<Script>>,
}

impl ScriptedServer {
    pub(super) async fn start() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        let respond = move |request| {
            let script = shared.lock().unwrap().clone();
            async move { Some(answer_to(&request, &script)) }
        };
        Self { server: Server::start(respond).await, script }
    }

    /// The base URL of an upstream.
    pub(super) fn url(&self, upstream: &str) -> String {
        self.server.url(upstream)
    }

    /// Answers by this script from now on.
    pub(super) fn follow(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }
}

fn answer_to(request: &Request, script: &Script) -> Vec<u8> {
    let path = &request.path;
    let upstream = path.split('/').nth(1).unwrap_or_default();
    let route = path.rsplit('/').next().unwrap_or_default();
    if [upstream, route].contains(&script.upstream.as_str()) {
        return response(script.status, &script.headers, &script.body);
    }
    let good = match upstream {
        "entra" => entra(request),
        "secretsmanager" => secret(script),
        _ => power_bi(),
    };
    response(200, "", good.as_bytes())
}

fn entra(request: &Request) -> String {
    let token = if request.body.contains("on_behalf_of") { USERS_TOKEN } else { ACCESS_TOKEN };
    json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token }).to_string()
}

/// The secret. Its text comes from the script if the script is for the secret.
fn secret(script: &Script) -> String {
    let good = json!({ "tenantId": "t.example", "clientId": "c", "clientSecret": CLIENT_SECRET }).to_string();
    let text = if script.upstream == "secret" { String::from_utf8_lossy(&script.body).into_owned() } else { good };
    json!({ "ARN": "arn", "Name": "n", "VersionId": "v1", "VersionStages": ["AWSCURRENT"], "SecretString": text })
        .to_string()
}

/// An answer with every field that any of the calls reads.
fn power_bi() -> String {
    json!({
        "token": EMBED_TOKEN, "tokenId": "a2c31c9a-6fd0-4f4f-8f3c-8c9d1e9f7a11", "expiration": "2026-11-24T04:00:00Z",
        "embedUrl": "https://app.powerbi.com/reportEmbed", "datasetId": super::DATASET, "id": super::DATASET,
        "createReportEmbedURL": "https://app.powerbi.com/reportEmbed", "isOnDedicatedCapacity": true,
        "value": [{ "id": super::DATASET, "name": "D" }],
    })
    .to_string()
}
