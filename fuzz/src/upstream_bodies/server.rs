//! All upstreams on one port, told apart by their path.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::script::Script;
use crate::fixtures::{ACCESS_TOKEN, EMBED_TOKEN};

/// The secret's client secret; like a real one it is no code that a log would show.
pub(super) const CLIENT_SECRET: &str = "cSe8Q~the-client-secret-in-the-store";

/// What the user's own access token is, which the page gets.
const USERS_TOKEN: &str = "the-users-own-access-token";

/// The running server. It answers while its thread's runtime runs.
pub(super) struct Server {
    port: u16,
    script: Arc<Mutex<Script>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { port, script }
    }

    /// The base URL of an upstream.
    pub(super) fn url(&self, upstream: &str) -> String {
        format!("http://127.0.0.1:{}/{upstream}", self.port)
    }

    /// Answers by this script from now on.
    pub(super) fn follow(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut unread = Vec::new();
    while let Some(request) = next_request(&mut stream, &mut unread).await {
        let script = script.lock().unwrap().clone();
        if stream.write_all(&answer_to(&request, &script)).await.is_err() {
            return;
        }
    }
}

/// Head and body of the next request, as text.
async fn next_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(head) = unread.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&unread[..head]).to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()?.parse().ok());
            let whole = head + 4 + length.unwrap_or(0_usize);
            if unread.len() >= whole {
                let request: Vec<u8> = unread.drain(..whole).collect();
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

fn answer_to(request: &str, script: &Script) -> Vec<u8> {
    let mut words = request.split(' ');
    let path = words.nth(1).unwrap_or_default();
    let upstream = path.split('/').nth(1).unwrap_or_default();
    let route = path.rsplit('/').next().unwrap_or_default();
    if [upstream, route].contains(&script.upstream.as_str()) {
        return answer(script.status, &script.headers, &script.body);
    }
    let good = match upstream {
        "entra" => entra(request),
        "secretsmanager" => secret(script),
        _ => power_bi(),
    };
    answer(200, "", good.as_bytes())
}

fn answer(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn entra(request: &str) -> String {
    let token = if request.contains("on_behalf_of") { USERS_TOKEN } else { ACCESS_TOKEN };
    json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token }).to_string()
}

/// The secret; its text is the script's where that is what is scripted.
fn secret(script: &Script) -> String {
    let good = json!({ "tenantId": "t.example", "clientId": "c", "clientSecret": CLIENT_SECRET }).to_string();
    let text = if script.upstream == "secret" { String::from_utf8_lossy(&script.body).into_owned() } else { good };
    json!({ "ARN": "arn", "Name": "n", "VersionId": "v1", "VersionStages": ["AWSCURRENT"], "SecretString": text })
        .to_string()
}

/// Everything that any of the calls wants to read.
fn power_bi() -> String {
    json!({
        "token": EMBED_TOKEN, "tokenId": "a2c31c9a-6fd0-4f4f-8f3c-8c9d1e9f7a11", "expiration": "2026-11-24T04:00:00Z",
        "embedUrl": "https://app.powerbi.com/reportEmbed", "datasetId": super::DATASET, "id": super::DATASET,
        "createReportEmbedURL": "https://app.powerbi.com/reportEmbed", "isOnDedicatedCapacity": true,
        "value": [{ "id": super::DATASET, "name": "D" }],
    })
    .to_string()
}
