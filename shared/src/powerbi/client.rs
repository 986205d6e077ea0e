//! The calls.

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
use crate::domain::{DatasetId, EmbedUrlError, ProfileId, ReportId, TokenRequest};
use crate::ports::{
    ActorKey, DatasetMetadata, Item, ListedDataset, ListedReport, PowerBi, ReportMetadata, WorkspaceMetadata,
};
use crate::request::RequestContext;
use crate::token::{AccessToken, EmbedToken, Expiry};
use crate::upstream::{Http, Reply, RetryBudget, Upstream, UpstreamError, UpstreamErrorKind, as_code};

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

    /// Sends a request as often as worth while and reads its answer.
    async fn ask<T: DeserializeOwned>(
        &self,
        context: &RequestContext,
        retry_budget: RetryBudget,
        route: &'static str,
        as_user: bool,
        request: impl Fn() -> RequestBuilder + Send,
    ) -> Result<T, UpstreamError> {
        let attempt = self.http.attempt(context, Upstream::PowerBi, retry_budget, self.clock.now());
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
            return Err(refusal_or_challenge(&reply, as_user));
        }
        serde_json::from_slice(&reply.body).map_err(|_| unexpected(Some(&reply)))
    }

    async fn look_up<T: DeserializeOwned>(
        &self,
        context: &RequestContext,
        access: &AccessToken,
        retry_budget: RetryBudget,
        route: &'static str,
        actor: ActorKey,
        path: String,
    ) -> Result<T, UpstreamError> {
        let as_user = actor.is_user();
        let request = || self.request(Method::GET, &path, access, actor.profile());
        self.ask(context, retry_budget, route, as_user, request).await
    }

    /// Lists what a workspace holds of one kind. An entry that cannot be read is left out and told to
    /// the log: what is in it cannot be bound.
    async fn list<T: DeserializeOwned>(
        &self,
        context: &RequestContext,
        access: &AccessToken,
        retry_budget: RetryBudget,
        route: &'static str,
        item: Item<()>,
        kind: &str,
    ) -> Result<Vec<T>, UpstreamError> {
        let path = format!("groups/{}/{kind}", item.workspace);
        let list: wire::List<T> = self.look_up(context, access, retry_budget, route, item.actor, path).await?;
        let skipped = list.value.skipped;
        if skipped > 0 {
            let (workspace, request_id) = (item.workspace.to_string(), &context.ids().request);
            tracing::warn!(skipped, workspace, request_id, "entries of a workspace's list are left out");
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

    async fn generate_token(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        request: &TokenRequest,
        retry_budget: RetryBudget,
    ) -> Result<EmbedToken, UpstreamError> {
        let body = wire::GenerateTokenRequestV2::from(request);
        let send = || self.request(Method::POST, "GenerateToken", access, request.profile()).json(&body);
        let token: wire::EmbedToken = self.ask(context, retry_budget, "GenerateToken", false, send).await?;
        embed_token_of(token, self.clock.now()).ok_or_else(|| unexpected(None))
    }

    async fn report(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<ReportId>,
        retry_budget: RetryBudget,
    ) -> Result<ReportMetadata, UpstreamError> {
        let path = format!("groups/{}/reports/{}", item.workspace, item.id);
        let report: wire::Report = self.look_up(context, access, retry_budget, "GetReport", item.actor, path).await?;
        metadata_of(report).map_err(|error| failed(error.to_string()))
    }

    async fn dataset(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<DatasetId>,
        retry_budget: RetryBudget,
    ) -> Result<DatasetMetadata, UpstreamError> {
        let path = format!("groups/{}/datasets/{}", item.workspace, item.id);
        let dataset: wire::Dataset =
            self.look_up(context, access, retry_budget, "GetDataset", item.actor, path).await?;
        Ok(listed(dataset).metadata)
    }

    async fn datasets(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<()>,
        retry_budget: RetryBudget,
    ) -> Result<Vec<ListedDataset>, UpstreamError> {
        let datasets = self.list(context, access, retry_budget, "GetDatasets", item, "datasets").await?;
        Ok(datasets.into_iter().map(listed).collect())
    }

    async fn reports(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<()>,
        retry_budget: RetryBudget,
    ) -> Result<Vec<ListedReport>, UpstreamError> {
        let reports = self.list(context, access, retry_budget, "GetReports", item, "reports").await?;
        Ok(reports.into_iter().filter_map(listed_report).collect())
    }

    async fn workspace(
        &self,
        context: &Arc<RequestContext>,
        access: &AccessToken,
        item: Item<()>,
        retry_budget: RetryBudget,
    ) -> Result<WorkspaceMetadata, UpstreamError> {
        let path = format!("groups/{}", item.workspace);
        let group: wire::Group = self.look_up(context, access, retry_budget, "GetGroup", item.actor, path).await?;
        Ok(WorkspaceMetadata { on_capacity: group.is_on_dedicated_capacity })
    }
}

/// The header with the access token, of which no copy of ours is left behind.
fn bearer(access: &AccessToken) -> HeaderValue {
    let text = Zeroizing::new([b"Bearer ", access.value.expose_secret().as_bytes()].concat());
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(text));
    // Entra's client gives out only tokens that fit into a header.
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
    // The id is logged and handed on, so it has to be no more than an id.
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
