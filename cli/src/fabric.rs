//! Definitions of reports and models. Fabric returns them with long-running operations.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynabind::domain::{DatasetId, ReportId, WorkspaceId};
use http::{HeaderMap, StatusCode, header};
use preflight::Part;
use serde_json::Value;

use crate::connection::rest::{Answer, retry_after};
use crate::connection::{Rest, RestError};

/// The pause if an answer has no `Retry-After`.
const DEFAULT_PAUSE: Duration = Duration::from_secs(2);

/// The shortest pause, even if `Retry-After` is shorter.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// The longest time that an operation may run.
const LONGEST: Duration = Duration::from_mins(10);

/// The Fabric API.
#[derive(Clone, Copy)]
pub struct Fabric<'c>(pub &'c Rest);

impl Fabric<'_> {
    /// The parts of a report's definition.
    ///
    /// # Errors
    /// The error says why it cannot be read.
    pub async fn report(&self, workspace: WorkspaceId, id: ReportId) -> Result<Vec<Part>, RestError> {
        self.definition(format!("v1/workspaces/{workspace}/reports/{id}/getDefinition")).await
    }

    /// A model's `model.bim`.
    ///
    /// # Errors
    /// The error says why it cannot be read.
    pub async fn model(&self, workspace: WorkspaceId, id: DatasetId) -> Result<String, RestError> {
        let path = format!("v1/workspaces/{workspace}/semanticModels/{id}/getDefinition?format=TMSL");
        let parts = self.definition(path).await?;
        let part = parts.into_iter().find(|part| part.path == "model.bim");
        let part = part.ok_or_else(|| RestError::new("the model's definition has no part model.bim"))?;
        String::from_utf8(part.payload).map_err(|_| RestError::new("model.bim is not UTF-8"))
    }

    async fn definition(&self, path: String) -> Result<Vec<Part>, RestError> {
        let answer = self.0.post(&path, None).await?;
        let body = if answer.status == StatusCode::ACCEPTED { self.result_of(&answer).await? } else { answer.body };
        parts_of(&body)
    }

    /// Waits for an operation. Its URL is built from its id and not taken from the answer, so that the access token is not
    /// sent to another host.
    async fn result_of(&self, accepted: &Answer) -> Result<Value, RestError> {
        let id = operation_of(&accepted.headers);
        let id = id.ok_or_else(|| RestError::new("the answer with status 202 names no operation"))?;
        let (mut pause, mut waited) = (pause_of(&accepted.headers), Duration::ZERO);
        while waited < LONGEST {
            tokio::time::sleep(pause).await;
            waited += pause;
            let state = self.0.get(&format!("v1/operations/{id}"), None).await?;
            match state.body["status"].as_str() {
                Some("Succeeded") => return Ok(self.0.get(&format!("v1/operations/{id}/result"), None).await?.body),
                Some("Failed") => return Err(failed(&state.body)),
                Some("NotStarted" | "Running") => pause = pause_of(&state.headers),
                _ => return Err(RestError::new("the operation has a state that is not documented")),
            }
        }
        Err(RestError::new("the operation did not end within 10 minutes"))
    }
}

fn pause_of(headers: &HeaderMap) -> Duration {
    retry_after(headers).unwrap_or(DEFAULT_PAUSE).max(SHORTEST_PAUSE)
}

fn operation_of(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let of_location = || text(header::LOCATION.as_str())?.split('?').next()?.rsplit('/').next();
    let id = text("x-ms-operation-id").or_else(of_location)?;
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_id.then(|| id.to_owned())
}

fn failed(state: &Value) -> RestError {
    let code =
        state["error"]["errorCode"].as_str().filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let detail = format!("the operation failed ({})", code.unwrap_or("no code"));
    RestError { status: None, code: code.map(str::to_owned), detail }
}

fn parts_of(body: &Value) -> Result<Vec<Part>, RestError> {
    let parts = body["definition"]["parts"].as_array();
    let parts = parts.ok_or_else(|| RestError::new("the answer holds no definition"))?;
    let part = |part: &Value| {
        let payload = STANDARD.decode(part["payload"].as_str()?).ok()?;
        (part["payloadType"] == "InlineBase64").then_some(())?;
        Some(Part { path: part["path"].as_str()?.to_owned(), payload })
    };
    let parts = parts.iter().map(part).collect::<Option<Vec<_>>>();
    parts.ok_or_else(|| RestError::new("a part of the definition is not in base64"))
}
