//! The body of `GenerateToken`, version 2, taken at its documented word.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Deserialize;

use super::refusal::Refusal;

/// The most reports, datasets or target workspaces in one token.
const MAX_ITEMS: usize = 50;

/// `GenerateTokenRequestV2`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TokenRequest {
    #[serde(default)]
    datasets: Option<Vec<DatasetItem>>,
    #[serde(default)]
    reports: Option<Vec<ReportItem>>,
    #[serde(default)]
    target_workspaces: Option<Vec<WorkspaceItem>>,
    #[serde(default)]
    identities: Option<Vec<IdentityItem>>,
    #[serde(default)]
    pub(super) lifetime_in_minutes: Option<i64>,
    /// Needed for sources with single sign-on only, which this tenant does not have.
    #[serde(default, rename = "datasourceIdentities")]
    _datasource_identities: Option<Vec<DatasourceIdentity>>,
}

/// `GenerateTokenRequestV2Dataset`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DatasetItem {
    pub(super) id: String,
    #[serde(default)]
    pub(super) xmla_permissions: Option<Xmla>,
}

/// `XmlaPermissions`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub(super) enum Xmla {
    Off,
    ReadOnly,
}

/// `GenerateTokenRequestV2Report`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ReportItem {
    pub(super) id: String,
    #[serde(default)]
    pub(super) allow_edit: Option<bool>,
}

/// `GenerateTokenRequestV2TargetWorkspace`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkspaceItem {
    pub(super) id: String,
}

/// `EffectiveIdentity`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct IdentityItem {
    pub(super) username: String,
    #[serde(default)]
    pub(super) roles: Option<Vec<String>>,
    #[serde(default)]
    pub(super) datasets: Option<Vec<String>>,
    #[serde(default)]
    pub(super) reports: Option<Vec<String>>,
    #[serde(default)]
    pub(super) custom_data: Option<String>,
    #[serde(default)]
    pub(super) identity_blob: Option<IdentityBlob>,
    #[serde(default)]
    pub(super) auditable_context: Option<String>,
}

/// `IdentityBlob`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityBlob {
    #[serde(rename = "value")]
    _value: String,
}

/// `DatasourceIdentity`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DatasourceIdentity {
    #[serde(rename = "identityBlob")]
    _identity_blob: String,
    #[serde(rename = "datasources")]
    _datasources: Vec<DatasourceSelector>,
}

/// `DatasourceSelector`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DatasourceSelector {
    #[serde(rename = "datasourceType")]
    _datasource_type: String,
    #[serde(rename = "connectionDetails")]
    _connection_details: serde_json::Map<String, serde_json::Value>,
}

impl TokenRequest {
    /// Reads a body and checks everything that needs no look at Power BI.
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(Refusal::unsupported_media_type());
        }
        let request: Self = serde_json::from_slice(body)
            .map_err(|error| Refusal::invalid(&format!("Invalid request body: {error}.")))?;
        request.check()?;
        Ok(request)
    }

    pub(super) fn datasets(&self) -> &[DatasetItem] {
        self.datasets.as_deref().unwrap_or_default()
    }

    pub(super) fn reports(&self) -> &[ReportItem] {
        self.reports.as_deref().unwrap_or_default()
    }

    pub(super) fn target_workspaces(&self) -> &[WorkspaceItem] {
        self.target_workspaces.as_deref().unwrap_or_default()
    }

    pub(super) fn identities(&self) -> &[IdentityItem] {
        self.identities.as_deref().unwrap_or_default()
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.datasets().is_empty() && self.reports().is_empty() {
            return Err(Refusal::invalid("At least one report or dataset must be specified."));
        }
        check_items("datasets", self.datasets().iter().map(|item| item.id.as_str()))?;
        check_items("reports", self.reports().iter().map(|item| item.id.as_str()))?;
        let workspaces = self.target_workspaces().iter().map(|item| item.id.as_str());
        check_items("targetWorkspaces", workspaces)?;
        match self.lifetime_in_minutes {
            Some(minutes) if minutes < 0 || minutes > i64::from(i32::MAX) => {
                Err(Refusal::invalid("lifetimeInMinutes must be a positive integer."))
            }
            _ => Ok(()),
        }
    }
}

/// GUIDs, each once, and not too many.
fn check_items<'a>(field: &str, ids: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    for id in ids {
        guid(id)?;
        if !seen.insert(id.to_ascii_lowercase()) {
            return Err(Refusal::invalid(&format!("{field} names {id} more than once.")));
        }
    }
    if seen.len() > MAX_ITEMS {
        return Err(Refusal::invalid(&format!("{field} names more than {MAX_ITEMS} items.")));
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// An id of a path, which is a GUID.
pub(super) fn guid(id: &str) -> Result<&str, Refusal> {
    match uuid::Uuid::try_parse(id) {
        Ok(_) if id.len() == 36 => Ok(id),
        _ => Err(Refusal::invalid(&format!("'{id}' is not a valid GUID."))),
    }
}
