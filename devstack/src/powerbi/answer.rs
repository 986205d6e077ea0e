//! Answers in the formats of the REST API.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::api::PowerBi;
use super::refusal::Refusal;
use crate::fake_tenant::{Capacity, Dataset, IdentityNeed, Principal, Profile, Report, Role, Workspace};

const METADATA: &str = "http://wabi-stand-in-redirect.analysis.windows.net/v1.0/myorg/$metadata";

/// The display name of the app registration.
const APP_NAME: &str = "Dynabind";

/// The cluster that embed URLs and tokens name.
pub(super) const CLUSTER: &str = "https://WABI-STAND-IN-redirect.analysis.windows.net";

const JSON_TYPE: &str = "application/json; odata.metadata=minimal; odata.streaming=true";

/// The answer of a route.
pub(super) type Answer = Result<Response, Refusal>;

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
        "value": entities,
    })
}

/// Several entities with their number. Only the list of workspaces has the number.
pub(super) fn counted(set: &str, entities: &[Value]) -> Value {
    let mut list = list(set, entities);
    list["@odata.count"] = json!(entities.len());
    list
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

/// A member of a workspace. A profile has the object id of its service principal.
pub(super) fn user(api: &PowerBi, (principal, role): &(Principal, Role)) -> Value {
    let app = &api.fake_tenant.principal_id;
    let mut body = json!({ "groupUserAccessRight": format!("{role:?}") });
    match principal {
        Principal::App => {
            body["displayName"] = json!(APP_NAME);
            body["identifier"] = json!(app);
            body["principalType"] = json!("App");
        }
        Principal::Profile(id) => {
            body["displayName"] = json!(APP_NAME);
            body["identifier"] = json!(app);
            body["principalType"] = json!("App");
            body["profile"] = api.fake_tenant.profile(id).map_or_else(|| json!({ "id": id }), profile);
        }
        Principal::User(email) => {
            body["displayName"] = json!(email);
            body["identifier"] = json!(email);
            body["emailAddress"] = json!(email);
            body["principalType"] = json!("User");
        }
    }
    body
}

/// A profile of the service principal.
pub(super) fn profile(profile: &Profile) -> Value {
    json!({ "id": profile.id, "displayName": profile.name })
}

/// A paused capacity keeps its workspaces. Only its `state` shows that it is paused.
pub(super) fn capacity(capacity: &Capacity) -> Value {
    json!({
        "id": capacity.id,
        "displayName": capacity.name,
        "admins": ["provider@dynabind.example"],
        "sku": capacity.sku,
        "state": if capacity.paused { "Suspended" } else { "Active" },
        "capacityUserAccessRight": "Assign",
        "region": "West Europe",
    })
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
    // The metadata of a paginated report has no dataset.
    if !report.paginated {
        body["datasetId"] = json!(report.dataset);
        let home = api.fake_tenant.dataset(&report.dataset).map(|dataset| dataset.workspace.clone());
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
