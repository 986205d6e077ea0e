//! The client of the REST API.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::challenge::refusal_or_challenge;
use super::refusal::{home_cluster_of, request_id_of};
use super::wire;
use crate::clock::Clock;
use crate::domain::{
    AccessToken, DatasetId, EmbedToken, EmbedUrlError, Expiry, ProfileId, ReportId, TokenRequest, WorkspaceId,
};
use crate::ports::{
    DatasetMetadata, Item, ListedDataset, ListedReport, PowerBi, ReportMetadata, Session, WorkspaceMetadata,
};
use crate::upstream::{Http, Reply, Upstream, UpstreamError, UpstreamErrorKind, as_code};

const PROFILE_HEADER: &str = "X-PowerBI-Profile-Id";

/// The REST API of one cloud.
pub struct PowerBiClient {
    http: Http,
    base: Url,
    clock: Arc<dyn Clock>,
}

impl PowerBiClient {
    /// A client of the API at `base`, without its version path.
    #[must_use]
    pub fn new(base: Url, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self { http, base, clock }
    }

    /// Calls with the session's access token; if Power BI refuses it, once more with a renewed one.
    async fn call<T: DeserializeOwned>(
        &self,
        session: &dyn Session,
        route: &'static str,
        request: impl Fn(&AccessToken) -> RequestBuilder + Send + Sync,
    ) -> Result<T, UpstreamError> {
        let access = session.access_token().await?;
        let answer = self.send(session, route, || request(&access)).await;
        let Err(failure) = answer else { return answer };
        match session.renewed(&access, &failure).await? {
            Some(renewed) => self.send(session, route, || request(&renewed)).await,
            None => Err(failure),
        }
    }

    /// Sends a request as often as its retry budget allows, and reads the answer.
    async fn send<T: DeserializeOwned>(
        &self,
        session: &dyn Session,
        route: &'static str,
        request: impl Fn() -> RequestBuilder + Send + Sync,
    ) -> Result<T, UpstreamError> {
        let context = session.context();
        let attempt = self.http.attempt(context, Upstream::PowerBi, session.retry_budget(), self.clock.now());
        let (http, request) = (&self.http, &request);
        let send = |limit| async move {
            let reply = http.send(context, Upstream::PowerBi, route, limit, request()).await;
            if let Ok(host) = reply.as_ref().map(|reply| home_cluster_of(&reply.headers)) {
                context.note_home_cluster(host);
            }
            reply
        };
        let reply = attempt.run(send).await?;
        if !reply.status.is_success() {
            return Err(refusal_or_challenge(&reply, session.actor().is_user()));
        }
        serde_json::from_slice(&reply.body).map_err(|_| unexpected(Some(&reply)))
    }

    async fn look_up<T: DeserializeOwned>(
        &self,
        session: &dyn Session,
        route: &'static str,
        path: String,
    ) -> Result<T, UpstreamError> {
        let profile = session.actor().profile();
        self.call(session, route, |access| self.request(Method::GET, &path, access, profile)).await
    }

    /// Lists the items of one kind in a workspace. An entry that cannot be read is left out, so its item cannot be
    /// bound. The log has the number of such entries.
    async fn list<T: DeserializeOwned>(
        &self,
        session: &dyn Session,
        route: &'static str,
        workspace: WorkspaceId,
        kind: &str,
    ) -> Result<Vec<T>, UpstreamError> {
        let workspace = workspace.to_string();
        let list: wire::List<T> = self.look_up(session, route, format!("groups/{workspace}/{kind}")).await?;
        let skipped = list.value.skipped;
        if skipped > 0 {
            let request_id = &session.context().ids().request;
            tracing::warn!(
                skipped,
                workspace,
                request_id,
                "some entries of a workspace's list cannot be read and are left out"
            );
        }
        Ok(list.value.good)
    }

    fn request(&self, method: Method, path: &str, access: &AccessToken, profile: Option<ProfileId>) -> RequestBuilder {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/v1.0/myorg/{path}"));
        let request = self.http.request(method, url).header(header::AUTHORIZATION, bearer(access));
        match profile {
            Some(profile) => request.header(PROFILE_HEADER, profile.to_string()),
            None => request,
        }
    }
}

#[async_trait]
impl PowerBi for PowerBiClient {
    fn preconnect(&self, connections: usize) {
        self.http.preconnect(&self.base, connections);
    }

    async fn generate_token(&self, session: &dyn Session, request: &TokenRequest) -> Result<EmbedToken, UpstreamError> {
        let body = wire::GenerateTokenRequestV2::from(request);
        let post = |access: &_| self.request(Method::POST, "GenerateToken", access, request.profile()).json(&body);
        let token: wire::EmbedToken = self.call(session, "GenerateToken", post).await?;
        embed_token_of(token, self.clock.now()).ok_or_else(|| unexpected(None))
    }

    async fn report(&self, session: &dyn Session, item: Item<ReportId>) -> Result<ReportMetadata, UpstreamError> {
        let path = format!("groups/{}/reports/{}", item.workspace, item.id);
        let report: wire::Report = self.look_up(session, "GetReport", path).await?;
        metadata_of(report).map_err(|error| failed(error.to_string()))
    }

    async fn dataset(&self, session: &dyn Session, item: Item<DatasetId>) -> Result<DatasetMetadata, UpstreamError> {
        let path = format!("groups/{}/datasets/{}", item.workspace, item.id);
        let dataset: wire::Dataset = self.look_up(session, "GetDataset", path).await?;
        Ok(listed(dataset).metadata)
    }

    async fn datasets(
        &self,
        session: &dyn Session,
        workspace: WorkspaceId,
    ) -> Result<Vec<ListedDataset>, UpstreamError> {
        let datasets = self.list(session, "GetDatasets", workspace, "datasets").await?;
        Ok(datasets.into_iter().map(listed).collect())
    }

    async fn reports(&self, session: &dyn Session, workspace: WorkspaceId) -> Result<Vec<ListedReport>, UpstreamError> {
        let reports = self.list(session, "GetReports", workspace, "reports").await?;
        Ok(reports.into_iter().filter_map(listed_report).collect())
    }

    async fn workspace(
        &self,
        session: &dyn Session,
        workspace: WorkspaceId,
    ) -> Result<WorkspaceMetadata, UpstreamError> {
        let path = format!("groups/{workspace}");
        let group: wire::Group = self.look_up(session, "GetGroup", path).await?;
        Ok(WorkspaceMetadata { on_capacity: group.is_on_dedicated_capacity })
    }
}

/// The header with the access token. Our own copies of the token are wiped.
fn bearer(access: &AccessToken) -> HeaderValue {
    let text = Zeroizing::new([b"Bearer ", access.value.expose_secret().as_bytes()].concat());
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(text));
    // Entra's client returns only tokens that are valid in a header.
    let mut value = value.unwrap_or(HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

fn listed(dataset: wire::Dataset) -> ListedDataset {
    let metadata = DatasetMetadata {
        identity_required: dataset.is_effective_identity_required,
        identity_roles_required: dataset.is_effective_identity_roles_required.unwrap_or_default(),
        create_report_embed_url: dataset.create_report_embed_url.and_then(|url| url.parse().ok()),
    };
    ListedDataset { id: dataset.id, name: dataset.name.unwrap_or_default(), metadata }
}

/// A report of a list; `None` for one that could not be embedded.
fn listed_report(report: wire::Report) -> Option<ListedReport> {
    Some(ListedReport { id: report.id?, metadata: metadata_of(report).ok()? })
}

fn metadata_of(report: wire::Report) -> Result<ReportMetadata, EmbedUrlError> {
    Ok(ReportMetadata {
        is_paginated: report.is_paginated(),
        embed_url: report.embed_url.parse()?,
        own_dataset: report.dataset_id.and_then(|id| id.parse().ok()),
        name: report.name.unwrap_or_default(),
    })
}

fn embed_token_of(token: wire::EmbedToken, now: SystemTime) -> Option<EmbedToken> {
    let at: SystemTime = OffsetDateTime::parse(&token.expiration, &Rfc3339).ok()?.into();
    if token.token.is_empty() {
        return None;
    }
    // The id is logged and passed on, so it must have the form of an id.
    let id = as_code(&token.token_id)?;
    let life = at.duration_since(now).unwrap_or_default();
    Some(EmbedToken { value: token.token.into(), id, expiry: Expiry { at, life } })
}

fn unexpected(reply: Option<&Reply>) -> UpstreamError {
    let request_id = reply.and_then(|reply| request_id_of(&reply.headers));
    UpstreamError { request_id, ..failed("the answer is not of the documented shape") }
}

fn failed(explanation: impl Into<String>) -> UpstreamError {
    UpstreamError::new(Upstream::PowerBi, UpstreamErrorKind::Failed, explanation)
}
