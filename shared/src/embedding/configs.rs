//! The part of a config that does not depend on its token.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::EmbeddingError;
use super::answer::{ConfigPart, DatasetBinding, ItemConfig, SourceBinding};
use super::authorizer::Authorized;
use super::metadata::Metadata;
use super::session::PowerBiSession;
use crate::domain::{AuthorizedBinding, DatasetId, Mode, Report, ReportKind};
use crate::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

/// `Permissions` of powerbi-models.
const READ: u8 = 0;
const READ_WRITE: u8 = 1;
const ALL: u8 = 7;

/// `ViewMode` of powerbi-models.
const VIEW: u8 = 0;
const EDIT: u8 = 1;

/// Builds configs from Power BI's metadata of reports and datasets.
pub(super) struct Configs {
    metadata: Arc<Metadata>,
}

impl Configs {
    pub(super) fn new(metadata: Arc<Metadata>) -> Self {
        Self { metadata }
    }

    /// The part of each binding's config that does not depend on the token, in the order of the bindings.
    pub(super) async fn parts(&self, authorized: &Authorized) -> Result<Vec<ConfigPart>, EmbeddingError> {
        let part = |binding| self.part(&authorized.session, binding);
        try_join_all(authorized.bindings.as_slice().iter().map(part)).await
    }

    async fn part(&self, session: &PowerBiSession, binding: &AuthorizedBinding) -> Result<ConfigPart, EmbeddingError> {
        let dataset = binding.dataset();
        let Some(report) = binding.report() else {
            let metadata = self.metadata.dataset(session, dataset.workspace, dataset.id).await?;
            let embed_url = metadata.create_report_embed_url.ok_or_else(no_create_url)?;
            let group_id = binding.save_to().first().copied();
            return Ok(ConfigPart { embed_url, item: ItemConfig::Create { dataset_id: dataset.id, group_id } });
        };
        let metadata = self.metadata.report(session, report.workspace, report.id).await?;
        Ok(ConfigPart { embed_url: metadata.embed_url, item: item_config(binding, report, dataset.id) })
    }
}

fn item_config(binding: &AuthorizedBinding, report: &Report, target: DatasetId) -> ItemConfig {
    let bound = |source: &DatasetId| SourceBinding { source_dataset_id: *source, target_dataset_id: target };
    if let ReportKind::Paginated { source } = report.kind {
        return ItemConfig::Paginated { id: report.id, dataset_bindings: vec![bound(&source)] };
    }
    let (permissions, view_mode) = match binding.mode() {
        Mode::Edit if binding.save_to().is_empty() => (READ_WRITE, EDIT),
        Mode::Edit => (ALL, EDIT),
        Mode::View | Mode::Create => (READ, VIEW),
    };
    let dataset_binding = DatasetBinding {
        dataset_id: target,
        paginated_report_bindings: report.paginated_sources.iter().map(bound).collect(),
    };
    ItemConfig::Report { id: report.id, permissions, view_mode, dataset_binding }
}

fn no_create_url() -> UpstreamError {
    let explanation = "the dataset has no https createReportEmbedURL";
    UpstreamError::new(Upstream::PowerBi, UpstreamErrorKind::Failed, explanation)
}
