//! Answers and refusals, in the REST API's shapes.

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::PowerBi;
use crate::world::{Dataset, IdentityNeed, Report, Workspace};

const METADATA: &str = "http://wabi-stand-in-redirect.analysis.windows.net/v1.0/myorg/$metadata";

/// The cluster that embed URLs and tokens name.
pub(super) const CLUSTER: &str = "https://WABI-STAND-IN-redirect.analysis.windows.net";

const JSON_TYPE: &str = "application/json; odata.metadata=minimal; odata.streaming=true";

/// What a route answers.
pub(super) type Answer = Result<Response, Refusal>;

/// Why the REST API does not do as it is asked.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// The value of `X-PowerBI-Error-Info`.
    info: Option<&'static str>,
    body: Option<Value>,
}

impl Refusal {
    /// No body; the cause is in a header.
    fn bare(status: StatusCode, info: &'static str) -> Self {
        Self { status, info: Some(info), body: None }
    }

    /// A code and a message.
    fn told(status: StatusCode, code: &'static str, message: &str) -> Self {
        let body = json!({"error": {"code": code, "message": message}});
        Self { status, info: Some(code), body: Some(body) }
    }

    /// A code and Power BI's own details, which say nothing more.
    fn coded(status: StatusCode, code: &'static str) -> Self {
        let details = json!({"code": code, "parameters": {}, "details": [], "exceptionCulprit": 1});
        let body = json!({"error": {"code": code, "pbi.error": details}});
        Self { status, info: Some(code), body: Some(body) }
    }

    pub(super) fn invalid_token() -> Self {
        Self::bare(StatusCode::FORBIDDEN, "InvalidToken")
    }

    pub(super) fn token_expired() -> Self {
        Self::told(StatusCode::FORBIDDEN, "TokenExpired", "Access token has expired, resubmit with a new access token")
    }

    pub(super) fn unknown_profile() -> Self {
        Self::bare(StatusCode::UNAUTHORIZED, "UnknownServicePrincipalProfile")
    }

    pub(super) fn group_not_accessible() -> Self {
        Self::bare(StatusCode::UNAUTHORIZED, "GroupNotAccessible")
    }

    pub(super) fn not_authorized() -> Self {
        Self::coded(StatusCode::UNAUTHORIZED, "PowerBINotAuthorizedException")
    }

    pub(super) fn not_for_applications() -> Self {
        let message = "API is not accessible for application";
        Self::told(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    pub(super) fn shared_capacity() -> Self {
        Self::told(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "You have exceeded the amount of embed token that can be generated on a shared or \
             ProPlus capacity",
        )
    }

    pub(super) fn folder_not_found() -> Self {
        Self::coded(StatusCode::NOT_FOUND, "PowerBIFolderNotFound")
    }

    pub(super) fn entity_not_found() -> Self {
        Self::coded(StatusCode::NOT_FOUND, "PowerBIEntityNotFound")
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, info: None, body: None }
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::told(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = match self.body {
            Some(body) => (self.status, Json(body)).into_response(),
            None => self.status.into_response(),
        };
        if let Some(info) = self.info {
            let info = http::HeaderValue::from_static(info);
            response.headers_mut().insert("x-powerbi-error-info", info);
        }
        response
    }
}

/// A 200 with a body.
pub(super) fn json_answer(body: &Value) -> Response {
    ([(CONTENT_TYPE, JSON_TYPE)], body.to_string()).into_response()
}

/// One entity.
pub(super) fn single(set: &str, mut entity: Value) -> Value {
    entity["@odata.context"] = json!(format!("{METADATA}#{set}/$entity"));
    entity
}

/// Several entities.
pub(super) fn list(set: &str, entities: &[Value]) -> Value {
    json!({
        "@odata.context": format!("{METADATA}#{set}"),
        "@odata.count": entities.len(),
        "value": entities,
    })
}

pub(super) fn workspace(workspace: &Workspace) -> Value {
    let mut body = json!({
        "id": workspace.id,
        "isReadOnly": false,
        "isOnDedicatedCapacity": workspace.capacity.is_some(),
        "type": "Workspace",
        "name": workspace.name,
    });
    if let Some(capacity) = &workspace.capacity {
        body["capacityId"] = json!(capacity);
        body["defaultDatasetStorageFormat"] = json!("Small");
    }
    body
}

pub(super) fn report(api: &PowerBi, report: &Report) -> Value {
    let mut body = json!({
        "id": report.id,
        "reportType": if report.paginated { "PaginatedReport" } else { "PowerBIReport" },
        "name": report.name,
        "webUrl": format!("https://app.powerbi.com/groups/{}/reports/{}", report.workspace, report.id),
        "embedUrl": embed_url(api, report),
        "isFromPbix": true,
        "isOwnedByMe": true,
        "users": [],
        "subscriptions": [],
    });
    // A paginated report names no dataset here.
    if !report.paginated {
        body["datasetId"] = json!(report.dataset);
        let home = api.world.dataset(&report.dataset).map(|dataset| dataset.workspace.clone());
        body["datasetWorkspaceId"] = json!(home.unwrap_or_else(|| report.workspace.clone()));
    }
    body
}

pub(super) fn dataset(api: &PowerBi, dataset: &Dataset) -> Value {
    let Dataset { id, workspace, .. } = dataset;
    let origin = &api.embed_origin;
    json!({
        "id": id,
        "name": dataset.name,
        "webUrl": format!("https://app.powerbi.com/groups/{workspace}/datasets/{id}"),
        "addRowsAPIEnabled": false,
        "configuredBy": "provider@dynabind.example",
        "isRefreshable": true,
        "isEffectiveIdentityRequired": dataset.identity.is_required(),
        "isEffectiveIdentityRolesRequired": dataset.identity == IdentityNeed::Roles,
        "isOnPremGatewayRequired": false,
        "targetStorageMode": "Abf",
        "createdDate": "2026-03-02T09:41:17.42Z",
        "createReportEmbedURL": format!("{origin}/reportEmbed?config={}", embed_config()),
        "qnaEmbedURL": format!("{origin}/qnaEmbed?config={}", embed_config()),
        "upstreamDatasets": dataset.reads,
        "upstreamDataflows": [],
        "users": [],
        "queryScaleOutSettings": {"autoSyncReadOnlyReplicas": true, "maxReadOnlyReplicas": 0},
    })
}

impl IdentityNeed {
    pub(super) fn is_required(self) -> bool {
        matches!(self, Self::Username | Self::Roles)
    }
}

fn embed_url(api: &PowerBi, report: &Report) -> String {
    let page = if report.paginated { "rdlEmbed" } else { "reportEmbed" };
    format!(
        "{}/{page}?reportId={}&groupId={}&w=2&config={}",
        api.embed_origin,
        report.id,
        report.workspace,
        embed_config(),
    )
}

/// The `config` of an embed URL: base64, its padding escaped.
fn embed_config() -> String {
    let features = json!({"usageMetricsVNext": true});
    let config = json!({"clusterUrl": CLUSTER, "embedFeatures": features});
    STANDARD.encode(config.to_string()).replace('=', "%3d")
}
