//! The Power BI REST API.

use async_trait::async_trait;

use super::{DatasetMetadata, Item, ListedDataset, ListedReport, ReportMetadata, Session, WorkspaceMetadata};
use crate::domain::{DatasetId, EmbedToken, ReportId, TokenRequest, WorkspaceId};
use crate::upstream::UpstreamError;

/// The Power BI REST API. An item that does not exist, or that the actor may not see, is `NotFound`.
#[async_trait]
pub trait PowerBi: Send + Sync {
    /// Opens `connections` connections before they are needed, without waiting.
    fn preconnect(&self, connections: usize);

    /// `POST /v1.0/myorg/GenerateToken`.
    ///
    /// # Errors
    /// Why there is no embed token.
    async fn generate_token(&self, session: &dyn Session, request: &TokenRequest) -> Result<EmbedToken, UpstreamError>;

    /// `GET /groups/{workspace}/reports/{report}`.
    ///
    /// # Errors
    /// Why the report cannot be read.
    async fn report(&self, session: &dyn Session, item: Item<ReportId>) -> Result<ReportMetadata, UpstreamError>;

    /// `GET /groups/{workspace}/datasets/{dataset}`.
    ///
    /// # Errors
    /// Why the dataset cannot be read.
    async fn dataset(&self, session: &dyn Session, item: Item<DatasetId>) -> Result<DatasetMetadata, UpstreamError>;

    /// `GET /groups/{workspace}/datasets`.
    ///
    /// # Errors
    /// Why the list cannot be read.
    async fn datasets(
        &self,
        session: &dyn Session,
        workspace: WorkspaceId,
    ) -> Result<Vec<ListedDataset>, UpstreamError>;

    /// `GET /groups/{workspace}/reports`.
    ///
    /// # Errors
    /// Why the list cannot be read.
    async fn reports(&self, session: &dyn Session, workspace: WorkspaceId) -> Result<Vec<ListedReport>, UpstreamError>;

    /// `GET /groups/{workspace}`.
    ///
    /// # Errors
    /// Why the workspace cannot be read.
    async fn workspace(
        &self,
        session: &dyn Session,
        workspace: WorkspaceId,
    ) -> Result<WorkspaceMetadata, UpstreamError>;
}
