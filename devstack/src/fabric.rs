//! The Fabric REST API stand-in: definitions of reports and semantic models.
//!
//! Shapes are those of the reference (learn.microsoft.com/rest/api/fabric, `getDefinition` and long-running
//! operations). If the code of a refusal is not documented, the comment at its function says so.

mod operations;
mod refusal;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::HOST;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use uuid::Uuid;

use self::operations::{Operations, Outcome};
use self::refusal::Refusal;
use crate::fake_tenant::{Definition, FakeTenant, Principal, Role, Workspace, same_id};
use crate::ledger::{Audience, Bearer, Ledger};
use crate::sync::lock;
use crate::time_source::TimeSource;

/// The state of the Fabric API.
#[derive(Debug)]
pub(crate) struct Fabric {
    pub(crate) fake_tenant: Arc<FakeTenant>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) time: TimeSource,
    /// The scheme of the URLs of operations.
    pub(crate) scheme: &'static str,
    operations: Mutex<Operations>,
    /// How long it takes to make a definition; zero answers at once.
    definition_time: Mutex<Duration>,
}

impl Fabric {
    pub(crate) fn new(
        fake_tenant: Arc<FakeTenant>,
        ledger: Arc<Ledger>,
        time: TimeSource,
        scheme: &'static str,
    ) -> Self {
        let definition_time = Mutex::new(Duration::from_secs(1));
        Self { fake_tenant, ledger, time, scheme, operations: Mutex::default(), definition_time }
    }

    pub(crate) fn set_definition_time(&self, time: Duration) {
        *lock(&self.definition_time) = time;
    }

    pub(crate) fn routes(self: Arc<Self>) -> Router {
        let api = Router::new()
            .route("/workspaces/{workspace}/semanticModels/{item}/getDefinition", post(model_definition))
            .route("/workspaces/{workspace}/reports/{item}/getDefinition", post(report_definition))
            .route("/operations/{operation}", get(operation_state))
            .route("/operations/{operation}/result", get(operation_result));
        Router::new()
            .route("/", get(StatusCode::OK))
            .nest("/v1", api)
            .fallback(async || StatusCode::NOT_FOUND)
            .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
            .with_state(self)
    }

    /// Checks the token. Only an application's own token passes: the demo's app has no delegated permissions for Fabric.
    fn authenticated(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut values = headers.get_all(http::header::AUTHORIZATION).iter();
        let token = match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")),
            _ => None,
        };
        let token = token.and_then(|token| self.ledger.access(token)).ok_or_else(Refusal::invalid_token)?;
        if token.audience != Audience::Fabric || token.revoked {
            return Err(Refusal::invalid_token());
        }
        if token.expires <= self.time.now() {
            return Err(Refusal::token_expired());
        }
        match token.bearer {
            Bearer::User(_) => Err(Refusal::insufficient_scopes()),
            // Whether a profile may read definitions is not documented.
            Bearer::App if headers.contains_key("x-powerbi-profile-id") => Err(Refusal::insufficient_privileges()),
            Bearer::App => Ok(()),
        }
    }

    /// The workspace, for a caller who may read and write in it.
    fn entered(&self, headers: &HeaderMap, id: &str) -> Result<&Workspace, Refusal> {
        self.authenticated(headers)?;
        let workspace = self.fake_tenant.workspace(guid(id)?).ok_or_else(Refusal::workspace_not_found)?;
        match workspace.role_of(&Principal::App) {
            Some(role) if role >= Role::Contributor => Ok(workspace),
            _ => Err(Refusal::insufficient_privileges()),
        }
    }

    /// Answers with the definition, or with the operation that makes it.
    fn define(&self, headers: &HeaderMap, id: &str, format: &Format) -> Result<Response, Refusal> {
        if self.fake_tenant.protected.iter().any(|protected| same_id(protected, id)) {
            return Err(Refusal::protected_label());
        }
        let definition = self.fake_tenant.definition(id);
        if let (Some(definition), Some(format)) = (definition, &format.format)
            && definition.format != *format
        {
            return Err(Refusal::invalid(&format!("The format '{format}' is not supported for the item.")));
        }
        let outcome = definition.map_or(Outcome::Failed, Outcome::of);
        let (now, time) = (self.time.now(), *lock(&self.definition_time));
        match outcome {
            Outcome::Succeeded(result) if time.is_zero() => Ok(operations::result_response(&result)),
            outcome => {
                let operation = lock(&self.operations).begin(outcome, now, time);
                Ok(operations::accepted(&self.base_url(headers), operation, time))
            }
        }
    }

    /// The URL that the client called, up to the path.
    fn base_url(&self, headers: &HeaderMap) -> String {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        format!("{}://{host}/v1", self.scheme)
    }
}

/// The query of `getDefinition`.
#[derive(Deserialize)]
struct Format {
    format: Option<String>,
}

type Api = State<Arc<Fabric>>;
type Answer = Result<Response, Refusal>;
type Item = Path<(String, String)>;

async fn model_definition(
    State(api): Api,
    headers: HeaderMap,
    Path((workspace, item)): Item,
    Query(format): Query<Format>,
) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    let model = api.fake_tenant.dataset(guid(&item)?).filter(|model| same_id(&model.workspace, &workspace.id));
    let model = model.ok_or_else(Refusal::item_not_found)?;
    match format.format.as_deref() {
        Some("TMSL") => api.define(&headers, &model.id, &format),
        // The service answers with TMDL. This stand-in cannot write TMDL.
        None | Some("TMDL") => Err(Refusal::invalid("This stand-in has definitions in the format 'TMSL' only.")),
        Some(other) => Err(Refusal::invalid(&format!("The format '{other}' is not supported for the item."))),
    }
}

async fn report_definition(
    State(api): Api,
    headers: HeaderMap,
    Path((workspace, item)): Item,
    Query(format): Query<Format>,
) -> Answer {
    let workspace = api.entered(&headers, &workspace)?;
    let report = api.fake_tenant.report(guid(&item)?).filter(|report| same_id(&report.workspace, &workspace.id));
    let report = report.ok_or_else(Refusal::item_not_found)?;
    if report.paginated {
        return Err(Refusal::not_supported());
    }
    api.define(&headers, &report.id, &format)
}

async fn operation_state(State(api): Api, headers: HeaderMap, Path(operation): Path<String>) -> Answer {
    api.authenticated(&headers)?;
    let id = Uuid::try_parse(&operation).map_err(|_| Refusal::operation_not_found())?;
    let operations = lock(&api.operations);
    let state = operations.state(id, api.time.now()).ok_or_else(Refusal::operation_not_found)?;
    Ok(state.response(&api.base_url(&headers)))
}

async fn operation_result(State(api): Api, headers: HeaderMap, Path(operation): Path<String>) -> Answer {
    api.authenticated(&headers)?;
    let id = Uuid::try_parse(&operation).map_err(|_| Refusal::operation_not_found())?;
    let operations = lock(&api.operations);
    let state = operations.state(id, api.time.now()).ok_or_else(Refusal::operation_not_found)?;
    state.result().map(operations::result_response).ok_or_else(Refusal::no_result)
}

/// An id of a path, which is a GUID.
fn guid(id: &str) -> Result<&str, Refusal> {
    match Uuid::try_parse(id) {
        Ok(_) if id.len() == 36 => Ok(id),
        _ => Err(Refusal::invalid(&format!("The value '{id}' is not a valid GUID."))),
    }
}

impl Outcome {
    fn of(definition: &Definition) -> Self {
        Self::Succeeded(operations::definition_json(definition))
    }
}
