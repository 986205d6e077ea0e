//! Secrets Manager, Entra and Power BI on one port, over real connections.
//!
//! Power BI grants and records every requested token, so that only Dynabind protects foreign data.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dynabind::clock::Clock;
use serde_json::{Value, json};

use crate::http::{Request, Server, json as good, response};
use crate::oracle::{Contents, Issued};
use crate::tables::Tables;

/// A fault of one call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers with this status, headers and body.
    Status(u16, Vec<(String, String)>, String),
    /// Never answers.
    Hang,
    /// Closes the connection without an answer.
    Close,
}

/// The contents of the upstreams, and the calls so far.
pub(super) struct State {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) contents: Contents,
    pub(super) own_datasets: BTreeMap<String, String>,
    pub(super) access_token_life: Duration,
    /// Faults. Each is for a call whose name contains the text.
    pub(super) faults: Vec<(String, Fault)>,
    access: BTreeMap<String, SystemTime>,
    pub(super) issued: BTreeMap<String, Issued>,
    pub(super) calls: Vec<String>,
    pub(super) tables: Tables,
}

impl State {
    pub(super) fn new(clock: Arc<dyn Clock>, contents: Contents, own_datasets: BTreeMap<String, String>) -> Self {
        let access_token_life = Duration::from_secs(3599);
        let (faults, access, issued, calls) = (Vec::new(), BTreeMap::new(), BTreeMap::new(), Vec::new());
        let tables = Tables::default();
        Self { clock, contents, own_datasets, access_token_life, faults, access, issued, calls, tables }
    }
}

/// Starts the server for this state.
pub(super) async fn start(state: Arc<Mutex<State>>) -> Server {
    Server::start(move |request| respond(request, Arc::clone(&state))).await
}

async fn respond(request: Request, state: Arc<Mutex<State>>) -> Option<Vec<u8>> {
    let fault = state.lock().unwrap().fault_of(&request);
    match fault {
        None => Some(state.lock().unwrap().answer_to(&request)),
        Some(Fault::Status(status, headers, body)) => {
            let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            Some(response(status, &lines.concat(), body.as_bytes()))
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Close) => None,
    }
}

impl State {
    /// Records a call, and takes its fault. `HEAD` requests, which only open connections, are not recorded.
    fn fault_of(&mut self, request: &Request) -> Option<Fault> {
        if request.method == "HEAD" {
            return None;
        }
        let name = format!("{} {}", request.method, request.path);
        let fault = self.faults.iter().position(|(route, _)| name.contains(route.as_str()));
        self.calls.push(name);
        fault.map(|index| self.faults.remove(index).1)
    }

    fn answer_to(&mut self, request: &Request) -> Vec<u8> {
        if request.method == "HEAD" {
            return response(200, "", b"");
        }
        match request.path.split('/').nth(1).unwrap_or_default() {
            "entra" => self.entra(),
            "secretsmanager" => secret(),
            "dynamodb" => self.dynamodb(request),
            _ => self.power_bi(request),
        }
    }

    fn entra(&mut self) -> Vec<u8> {
        let token = format!("{}-{}", crate::fixtures::ACCESS_TOKEN, self.access.len());
        self.access.insert(token.clone(), self.clock.now() + self.access_token_life);
        let life = self.access_token_life.as_secs();
        good(&json!({ "token_type": "Bearer", "expires_in": life, "access_token": token }))
    }

    fn dynamodb(&mut self, request: &Request) -> Vec<u8> {
        let body = serde_json::from_str(&request.body).unwrap_or_default();
        let (status, body) = self.tables.answer(request.header("x-amz-target").unwrap_or_default(), &body);
        response(status, "content-type: application/x-amz-json-1.0\r\n", body.to_string().as_bytes())
    }

    fn power_bi(&mut self, request: &Request) -> Vec<u8> {
        let bearer =
            request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let Some(expires) = self.access.get(bearer).copied().filter(|expires| *expires > self.clock.now()) else {
            return power_bi_error(403, "TokenExpired");
        };
        let path: Vec<_> = request.path.split(['/', '?']).skip(4).collect();
        match path.as_slice() {
            ["GenerateToken"] => self.generate_token(request, expires),
            ["groups", _, "reports", report] => good(&self.report(report)),
            ["groups", workspace, "datasets", dataset] => {
                let listed = self.contents.get(&workspace.to_lowercase());
                if listed.is_some_and(|listed| listed.contains(&dataset.to_lowercase())) {
                    return good(&described_dataset(dataset));
                }
                power_bi_error(404, "PowerBIEntityNotFound")
            }
            ["groups", workspace, "datasets", ..] => {
                let listed = self.contents.get(&workspace.to_lowercase()).into_iter().flatten();
                let listed: Vec<_> = listed.map(|id| described_dataset(id)).collect();
                good(&json!({ "value": listed }))
            }
            ["groups", workspace, "reports", ..] => good(&self.reports(workspace)),
            ["groups", workspace] => good(&json!({ "id": workspace, "isOnDedicatedCapacity": true })),
            _ => response(404, "", b""),
        }
    }

    /// Makes a token with a unique text.
    fn generate_token(&mut self, request: &Request, access_ends: SystemTime) -> Vec<u8> {
        let now = self.clock.now();
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let asked = body["lifetimeInMinutes"].as_u64().map(|minutes| now + Duration::from_secs(minutes * 60));
        let expires = asked.unwrap_or(access_ends).min(access_ends);
        let token = format!("{}-{}", crate::fixtures::EMBED_TOKEN, self.issued.len());
        let profile = request.header("x-powerbi-profile-id").map(str::to_owned);
        self.issued.insert(token.clone(), Issued { body, profile, at: now, expires });
        let id = format!("00000000-0000-4000-8000-{:012x}", self.issued.len());
        good(&json!({ "token": token, "tokenId": id, "expiration": rfc3339(expires) }))
    }

    fn report(&self, id: &str) -> Value {
        let mut report = json!({ "id": id, "name": "R", "reportType": "PowerBIReport",
                                 "embedUrl": "https://app.powerbi.com/reportEmbed" });
        if let Some(own) = self.own_datasets.get(&id.to_lowercase()) {
            report["datasetId"] = own.clone().into();
        }
        report
    }

    fn reports(&self, _: &str) -> Value {
        json!({ "value": self.own_datasets.keys().map(|id| self.report(id)).collect::<Vec<_>>() })
    }
}

fn power_bi_error(status: u16, code: &str) -> Vec<u8> {
    let body = json!({ "error": { "code": code } }).to_string();
    response(status, &format!("x-powerbi-error-info: {code}\r\n"), body.as_bytes())
}

fn described_dataset(id: &str) -> Value {
    json!({ "id": id, "name": "D", "isEffectiveIdentityRequired": false, "isEffectiveIdentityRolesRequired": false,
            "createReportEmbedURL": "https://app.powerbi.com/reportEmbed" })
}

fn secret() -> Vec<u8> {
    let secret = json!({ "tenantId": "t.example", "clientId": "c", "clientSecret": "a-client-secret" }).to_string();
    good(
        &json!({ "ARN": "arn", "Name": "n", "VersionId": "v1", "VersionStages": ["AWSCURRENT"], "SecretString": secret }),
    )
}

/// A point in time in UTC, in whole seconds.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    // The civil calendar from days (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
