//! The result of loading a report with a token and a binding.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::host::EmbedHost;
use crate::fake_tenant::{Dataset, FakeTenant, IdentityNeed, Principal, Report, Role, same_id};
use crate::ledger::{Audience, Bearer, EmbedToken, Identity};
use crate::time_source::rfc3339;

/// `permissions` of an embed config, besides reading.
const READ_WRITE: u8 = 1;
const COPY: u8 = 2;
const CREATE: u8 = 4;

/// The request of the simulated page, from its config.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoadRequest {
    token_type: Option<u8>,
    access_token: String,
    /// Absent when a report is created.
    report_id: Option<String>,
    /// The bound dataset; absent: the report's own.
    dataset_id: Option<String>,
    #[serde(default)]
    permissions: u8,
    /// The target workspace when a report is created.
    group_id: Option<String>,
}

/// Why a report does not load, with the error codes of the client.
#[derive(Debug)]
pub(crate) struct LoadError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl LoadError {
    fn new(status: StatusCode, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.to_owned() }
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Invalid parameters", message)
    }

    pub(super) fn not_authorized(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PowerBINotAuthorizedException", message)
    }

    fn expired() -> Self {
        let message = "Access token has expired, resubmit with a new access token";
        Self::new(StatusCode::FORBIDDEN, "TokenExpired", message)
    }

    fn not_found(what: &str) -> Self {
        let message = format!("The {what} was not found.");
        Self::new(StatusCode::NOT_FOUND, "PowerBIEntityNotFound", &message)
    }

    fn load_failed(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "LoadReportFailed", message)
    }
}

impl IntoResponse for LoadError {
    fn into_response(self) -> Response {
        let body = json!({"errorCode": self.code, "message": self.message});
        (self.status, Json(body)).into_response()
    }
}

/// The report as the page shows it: the rows of the bound dataset that this viewer may see.
pub(super) fn load(host: &EmbedHost, request: &LoadRequest) -> Result<Value, LoadError> {
    let fake_tenant = &host.fake_tenant;
    let report = match &request.report_id {
        Some(id) => Some(fake_tenant.report(id).ok_or_else(|| LoadError::not_found("report"))?),
        None => None,
    };
    let dataset_id = request.dataset_id.as_deref().or(report.map(|report| report.dataset.as_str()));
    let dataset_id = dataset_id.ok_or_else(|| LoadError::invalid("datasetId is required"))?;
    let dataset = fake_tenant.dataset(dataset_id).ok_or_else(|| LoadError::not_found("dataset"))?;
    let wanted = Wanted { report, dataset, request };
    wanted.check_capacities(fake_tenant)?;
    match request.token_type {
        Some(0) => with_access_token(host, &wanted),
        Some(1) => with_embed_token(host, &wanted),
        _ => Err(LoadError::invalid("tokenType property is invalid")),
    }
}

struct Wanted<'a> {
    report: Option<&'a Report>,
    dataset: &'a Dataset,
    request: &'a LoadRequest,
}

impl Wanted<'_> {
    /// `GenerateToken` succeeds for a paused capacity, but nothing on it loads. The text of the error is not documented.
    fn check_capacities(&self, fake_tenant: &FakeTenant) -> Result<(), LoadError> {
        let homes = self.report.map(|report| &report.workspace).into_iter().chain([&self.dataset.workspace]);
        let capacity = |home: &String| fake_tenant.capacity(fake_tenant.workspace(home)?.capacity.as_deref()?);
        if homes.filter_map(capacity).any(|capacity| capacity.paused) {
            return Err(LoadError::load_failed("The capacity is paused."));
        }
        Ok(())
    }
}

fn with_embed_token(host: &EmbedHost, wanted: &Wanted<'_>) -> Result<Value, LoadError> {
    let token = host.ledger.embed(&wanted.request.access_token);
    let token = token.ok_or_else(|| LoadError::not_authorized("The token is not an embed token."))?;
    if token.expires <= host.time.now() {
        return Err(LoadError::expired());
    }
    check_report(&token, wanted)?;
    check_dataset(&token, wanted)?;
    let identity =
        token.identities.iter().find(|identity| identity.datasets.iter().any(|id| same_id(id, &wanted.dataset.id)));
    let viewer = identity.map_or(Viewer::Nobody, Viewer::Identity);
    let user_id = user_id(&token, wanted, &host.fake_tenant);
    Ok(shown(&host.fake_tenant, wanted, &viewer, user_id, &rfc3339(token.expires)))
}

/// `UserID` of a paginated report: the identity for the report; without one, the object id of the service principal.
fn user_id<'a>(token: &'a EmbedToken, wanted: &Wanted<'_>, fake_tenant: &'a FakeTenant) -> &'a str {
    let names = |identity: &&Identity| {
        wanted.report.is_some_and(|report| identity.reports.iter().any(|id| same_id(id, &report.id)))
    };
    token.identities.iter().find(names).map_or(&fake_tenant.principal_id, |identity| &identity.username)
}

fn check_report(token: &EmbedToken, wanted: &Wanted<'_>) -> Result<(), LoadError> {
    let permissions = wanted.request.permissions;
    let saves = permissions & (COPY | CREATE) != 0;
    let Some(report) = wanted.report else {
        let target = wanted.request.group_id.as_deref();
        let allowed = token.target_workspaces.iter().any(|id| target.is_none_or(|t| same_id(id, t)));
        return if allowed {
            Ok(())
        } else {
            Err(LoadError::not_authorized("The token allows no new report in this workspace."))
        };
    };
    let grant = token.reports.iter().find(|grant| same_id(&grant.id, &report.id));
    let grant = grant.ok_or_else(|| LoadError::not_authorized("The token does not cover this report."))?;
    let covered = |id: &String| token.reports.iter().any(|grant| same_id(&grant.id, id));
    if !report.paginated_visuals.iter().all(covered) {
        return Err(LoadError::not_authorized("The token does not cover a paginated report that a visual shows."));
    }
    if permissions & READ_WRITE != 0 && !grant.allow_edit {
        return Err(LoadError::not_authorized("The token does not allow to edit this report."));
    }
    if saves && token.target_workspaces.is_empty() {
        return Err(LoadError::not_authorized("The token names no workspace to save to."));
    }
    Ok(())
}

fn check_dataset(token: &EmbedToken, wanted: &Wanted<'_>) -> Result<(), LoadError> {
    let covered = |id: &str| token.datasets.iter().find(|grant| same_id(&grant.id, id));
    let grant = covered(&wanted.dataset.id)
        .ok_or_else(|| LoadError::not_authorized("The token does not cover this dataset."))?;
    let paginated = wanted.report.is_some_and(|report| report.paginated);
    let composite = !wanted.dataset.reads.is_empty();
    if (paginated || composite) && !grant.xmla_read_only {
        return Err(LoadError::load_failed("The dataset needs xmlaPermissions ReadOnly."));
    }
    let readable = |id: &String| covered(id).is_some_and(|grant| grant.xmla_read_only);
    if wanted.dataset.reads.iter().all(readable) {
        Ok(())
    } else {
        Err(LoadError::load_failed("The token does not cover a dataset that this dataset reads."))
    }
}

fn with_access_token(host: &EmbedHost, wanted: &Wanted<'_>) -> Result<Value, LoadError> {
    let token = host
        .ledger
        .access(&wanted.request.access_token)
        .filter(|token| !token.revoked && token.audience == Audience::PowerBi);
    let token = token.ok_or_else(|| LoadError::not_authorized("The token is not an Entra token."))?;
    if token.expires <= host.time.now() {
        return Err(LoadError::expired());
    }
    // A service principal cannot view reports.
    let Bearer::User(email) = token.bearer else {
        return Err(LoadError::not_authorized("The token is not a user's."));
    };
    let needed = if wanted.request.permissions == 0 { Role::Viewer } else { Role::Contributor };
    let homes = wanted.report.map(|report| &report.workspace).into_iter();
    for home in homes.chain([&wanted.dataset.workspace]) {
        let workspace = host.fake_tenant.workspace(home);
        let role = workspace.and_then(|w| w.role_of(&Principal::User(email.clone())));
        if role.is_none_or(|role| role < needed) {
            return Err(LoadError::not_authorized("The user has no right to this item."));
        }
    }
    Ok(shown(&host.fake_tenant, wanted, &Viewer::Person(&email), &email, &rfc3339(token.expires)))
}

/// The viewer whose rows are shown.
enum Viewer<'a> {
    Nobody,
    Identity(&'a Identity),
    Person(&'a str),
}

impl Viewer<'_> {
    fn sees(&self, dataset: &Dataset, audience: &str) -> bool {
        match (dataset.identity, self) {
            (IdentityNeed::None | IdentityNeed::Unsupported, _) => true,
            (IdentityNeed::Username, Self::Identity(identity)) => identity.username.eq_ignore_ascii_case(audience),
            (IdentityNeed::Roles, Self::Identity(identity)) => identity.roles.iter().any(|role| role == audience),
            (IdentityNeed::Username, Self::Person(email)) => email.eq_ignore_ascii_case(audience),
            (IdentityNeed::Username | IdentityNeed::Roles, _) => false,
        }
    }

    fn described(&self) -> Value {
        match self {
            Self::Nobody => Value::Null,
            Self::Identity(identity) => json!({
                "username": identity.username,
                "roles": identity.roles,
                "customData": identity.custom_data,
            }),
            Self::Person(email) => json!({"username": email, "roles": [], "customData": null}),
        }
    }
}

fn shown(fake_tenant: &FakeTenant, wanted: &Wanted<'_>, viewer: &Viewer<'_>, user_id: &str, expiration: &str) -> Value {
    let dataset = wanted.dataset;
    let by_user_id = wanted.report.is_some_and(|report| report.filters_by_user_id);
    let sees =
        |audience: &str| viewer.sees(dataset, audience) && (!by_user_id || audience.eq_ignore_ascii_case(user_id));
    let visible = dataset.rows.iter().filter(|row| row.audience.as_deref().is_none_or(sees));
    let rows: Vec<_> = visible.map(|row| json!({"label": row.label, "value": row.value})).collect();
    json!({
        "reportName": wanted.report.map(|report| report.name.as_str()),
        "datasetName": dataset.name,
        "datasetId": dataset.id,
        "workspace": fake_tenant.workspace(&dataset.workspace).map(|workspace| workspace.name.as_str()),
        "identity": viewer.described(),
        "rows": rows,
        "expiration": expiration,
    })
}
