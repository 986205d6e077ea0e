//! Calls that the functions do not make, with JSON in and out.

use std::sync::Arc;
use std::time::Duration;

use dynabind::domain::{ProfileId, UserAssertion};
use dynabind::ports::AccessTokens;
use dynabind::request::RequestContext;
use dynabind::upstream::Http;
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Url;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::gate::{Gate, MAX_WAITS};

/// Long enough for a definition, which can be slow.
const TIMEOUT: Duration = Duration::from_mins(2);

/// How often a call is repeated after a failure of the service.
const MAX_FAILURES: u32 = 3;

const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// A REST API with JSON.
#[derive(Clone)]
pub struct Rest {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) tokens: Arc<dyn AccessTokens>,
    pub(super) gate: Arc<Gate>,
    /// The user on whose behalf the API is called; `None` for the service principal.
    pub(super) user: Option<UserAssertion>,
}

/// An answer with a status under 300.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// Why a call failed. It never contains texts of the service.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{detail}")]
pub struct RestError {
    /// The status, if there was any answer.
    pub status: Option<u16>,
    /// The service's code, if it gave one.
    pub code: Option<String>,
    /// What happened.
    pub detail: String,
}

impl RestError {
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self { status: None, code: None, detail: detail.into() }
    }
}

impl Rest {
    /// The same API, called on behalf of a user.
    pub(crate) fn on_behalf_of(&self, user: Option<UserAssertion>) -> Self {
        Self { user, ..self.clone() }
    }

    /// A `GET` below the base URL.
    pub(crate) async fn get(&self, path: &str, profile: Option<ProfileId>) -> Result<Answer, RestError> {
        self.send(Method::GET, path, profile, None).await
    }

    /// A `POST` below the base URL.
    pub(crate) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Answer, RestError> {
        self.send(Method::POST, path, None, body).await
    }

    /// Sends a request, and repeats it after throttling and after temporary failures.
    async fn send(
        &self,
        method: Method,
        path: &str,
        profile: Option<ProfileId>,
        body: Option<&Value>,
    ) -> Result<Answer, RestError> {
        let (mut waits, mut failures) = (0, 0);
        loop {
            let place = self.gate.enter().await;
            let outcome = self.attempt(method.clone(), path, profile, body).await;
            drop(place);
            match outcome {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) if answer.status == StatusCode::TOO_MANY_REQUESTS && waits < MAX_WAITS => {
                    waits += 1;
                    self.gate.close_for(retry_after(&answer.headers).unwrap_or(DEFAULT_RETRY_AFTER));
                }
                Ok(answer) if answer.status.is_server_error() && failures < MAX_FAILURES => {
                    tokio::time::sleep(Duration::from_millis(200) * 2_u32.pow(failures)).await;
                    failures += 1;
                }
                Ok(answer) => return Err(refusal(&answer)),
                Err(_) if failures < MAX_FAILURES => {
                    tokio::time::sleep(Duration::from_millis(200) * 2_u32.pow(failures)).await;
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(
        &self,
        method: Method,
        path: &str,
        profile: Option<ProfileId>,
        body: Option<&Value>,
    ) -> Result<Answer, RestError> {
        let context = Arc::new(RequestContext::begin(None));
        let access = self
            .tokens
            .get(&context, self.user.as_ref(), &|| Ok(()))
            .await
            .map_err(|error| RestError::new(error.to_string()))?;
        let url = format!("{}/{path}", self.base.as_str().trim_end_matches('/'));
        let url = url.parse().map_err(|_| RestError::new("the base URL and the path do not make a valid URL"))?;
        let mut request =
            self.http.request(method.clone(), url).timeout(TIMEOUT).bearer_auth(access.value.expose_secret());
        match body {
            Some(body) => request = request.json(body),
            None if method == Method::POST => request = request.header(header::CONTENT_LENGTH, 0),
            None => {}
        }
        if let Some(profile) = profile {
            request = request.header("X-PowerBI-Profile-Id", profile.to_string());
        }
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(|error| unanswered(&error))?;
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Answer { status, headers, body })
    }
}

pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(300)))
}

fn unanswered(error: &reqwest::Error) -> RestError {
    RestError::new(if error.is_timeout() { "no answer in time" } else { "the connection failed" })
}

/// The error of an answer: its status, and its code if the text has the form of a code.
fn refusal(answer: &Answer) -> RestError {
    let of_header = answer.headers.get("x-powerbi-error-info").and_then(|value| value.to_str().ok());
    let code =
        of_header.or_else(|| answer.body["errorCode"].as_str()).or_else(|| answer.body["error"]["code"].as_str());
    let is_code = |text: &&str| {
        text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let code = code.filter(is_code).map(str::to_owned);
    let status = answer.status.as_u16();
    let detail = match &code {
        Some(code) => format!("the answer is {status} {code}"),
        None => format!("the answer is {status}"),
    };
    RestError { status: Some(status), code, detail }
}
