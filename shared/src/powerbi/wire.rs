//! Bodies of requests and answers, with the names of the REST reference.
//!
//! The reference's schema writes dataset fields in Pascal case, but the service sends camel case; both are read. A
//! field that is `null` or of another type counts as absent, if the client does not need it.

use serde::{Deserialize, Serialize};

use crate::domain::{DatasetId, ReportId, TokenRequest, WorkspaceId, XmlaPermissions};
use crate::upstream::lenient::{self, Entries};

/// `GenerateTokenRequestV2`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerateTokenRequestV2<'r> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    datasets: Vec<GenerateTokenRequestV2Dataset>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reports: Vec<GenerateTokenRequestV2Report>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    target_workspaces: Vec<GenerateTokenRequestV2TargetWorkspace>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identities: Vec<EffectiveIdentity<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime_in_minutes: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerateTokenRequestV2Dataset {
    id: DatasetId,
    #[serde(skip_serializing_if = "Option::is_none")]
    xmla_permissions: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerateTokenRequestV2Report {
    id: ReportId,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_edit: Option<bool>,
}

#[derive(Serialize)]
struct GenerateTokenRequestV2TargetWorkspace {
    id: WorkspaceId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EffectiveIdentity<'r> {
    username: &'r str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    roles: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_data: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auditable_context: Option<&'r str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    datasets: &'r [DatasetId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reports: &'r [ReportId],
}

impl<'r> From<&'r TokenRequest> for GenerateTokenRequestV2<'r> {
    fn from(request: &'r TokenRequest) -> Self {
        let dataset = |(id, xmla): (&DatasetId, &XmlaPermissions)| GenerateTokenRequestV2Dataset {
            id: *id,
            xmla_permissions: (*xmla == XmlaPermissions::ReadOnly).then_some("ReadOnly"),
        };
        let report =
            |(id, edit): (&ReportId, &bool)| GenerateTokenRequestV2Report { id: *id, allow_edit: edit.then_some(true) };
        let workspace = |id: &WorkspaceId| GenerateTokenRequestV2TargetWorkspace { id: *id };
        let identity = |scope: &'r crate::domain::IdentityScope| EffectiveIdentity {
            username: &scope.identity.username,
            roles: &scope.identity.roles,
            custom_data: scope.identity.custom_data.as_deref(),
            auditable_context: scope.identity.auditable_context.as_deref(),
            datasets: &scope.datasets,
            reports: &scope.reports,
        };
        Self {
            datasets: request.datasets().iter().map(dataset).collect(),
            reports: request.reports().iter().map(report).collect(),
            target_workspaces: request.target_workspaces().iter().map(workspace).collect(),
            identities: request.identities().iter().map(identity).collect(),
            lifetime_in_minutes: request.lifetime_minutes(),
        }
    }
}

/// `EmbedToken`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EmbedToken {
    pub(super) token: String,
    pub(super) token_id: String,
    /// RFC 3339.
    pub(super) expiration: String,
}

/// `Report`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    #[serde(default, deserialize_with = "lenient::field")]
    pub(super) id: Option<ReportId>,
    #[serde(default, deserialize_with = "lenient::field")]
    pub(super) name: Option<String>,
    #[serde(default, rename = "reportType", deserialize_with = "lenient::field")]
    kind: Option<String>,
    pub(super) embed_url: String,
    #[serde(default, deserialize_with = "lenient::field")]
    pub(super) dataset_id: Option<String>,
}

impl Report {
    pub(super) fn is_paginated(&self) -> bool {
        self.kind.as_deref() == Some("PaginatedReport")
    }
}

/// `Dataset`, of which only the id is always present.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dataset {
    #[serde(alias = "Id")]
    pub(super) id: DatasetId,
    #[serde(default, alias = "Name", deserialize_with = "lenient::field")]
    pub(super) name: Option<String>,
    #[serde(default, alias = "IsEffectiveIdentityRequired", deserialize_with = "lenient::field")]
    pub(super) is_effective_identity_required: Option<bool>,
    #[serde(default, alias = "IsEffectiveIdentityRolesRequired", deserialize_with = "lenient::field")]
    pub(super) is_effective_identity_roles_required: Option<bool>,
    #[serde(
        default,
        rename = "createReportEmbedURL",
        alias = "CreateReportEmbedURL",
        deserialize_with = "lenient::field"
    )]
    pub(super) create_report_embed_url: Option<String>,
}

/// `Reports` or `Datasets`.
#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct List<T> {
    pub(super) value: Entries<T>,
}

/// `Group`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    /// Without it, the body is not a group.
    #[serde(rename = "id")]
    _id: WorkspaceId,
    /// Optional in the reference; recorded workspaces lack it.
    #[serde(default, deserialize_with = "lenient::field")]
    pub(super) is_on_dedicated_capacity: Option<bool>,
}
