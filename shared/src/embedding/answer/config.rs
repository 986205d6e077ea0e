//! The answer of `POST /config`.

use std::time::SystemTime;

use serde::Serialize;

use super::token::{Exposed, Life, PageToken, TokenKind};
use crate::domain::{DatasetId, EmbedUrl, ReportId, WorkspaceId};

/// The token with which a page embeds.
#[derive(Debug)]
pub(in crate::embedding) enum ConfigToken {
    /// A token that is handed out.
    Issued(PageToken),
    /// The user's own token, which the page gets itself for this scope.
    OfPage { scope: &'static str },
}

/// The answer of `POST /config`.
#[derive(Debug, Serialize)]
pub struct ConfigAnswer {
    configs: Vec<EmbedConfig>,
    #[serde(flatten)]
    token: TokenMembers,
}

/// The members of the answer that describe the token.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum TokenMembers {
    Issued(Life),
    OfPage { scopes: [&'static str; 1] },
}

/// The argument of `powerbi.embed` or `powerbi.createReport`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EmbedConfig {
    #[serde(rename = "type")]
    kind: &'static str,
    token_type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<Exposed>,
    embed_url: String,
    #[serde(flatten)]
    item: ItemConfig,
}

/// The part of a config that does not depend on its token.
#[derive(Debug)]
pub(in crate::embedding) struct ConfigPart {
    pub(in crate::embedding) embed_url: EmbedUrl,
    pub(in crate::embedding) item: ItemConfig,
}

/// What is embedded and how it is bound. Each kind has its own property for the binding, and `powerbi-client` ignores
/// the properties of other kinds without an error.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(in crate::embedding) enum ItemConfig {
    Report {
        id: ReportId,
        permissions: u8,
        view_mode: u8,
        dataset_binding: DatasetBinding,
    },
    Paginated {
        id: ReportId,
        dataset_bindings: Vec<SourceBinding>,
    },
    Create {
        dataset_id: DatasetId,
        #[serde(skip_serializing_if = "Option::is_none")]
        group_id: Option<WorkspaceId>,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::embedding) struct DatasetBinding {
    pub(in crate::embedding) dataset_id: DatasetId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::embedding) paginated_report_bindings: Vec<SourceBinding>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::embedding) struct SourceBinding {
    pub(in crate::embedding) source_dataset_id: DatasetId,
    pub(in crate::embedding) target_dataset_id: DatasetId,
}

impl ConfigAnswer {
    pub(in crate::embedding) fn new(parts: Vec<ConfigPart>, token: ConfigToken, now: SystemTime) -> Self {
        let (kind, value, token) = match token {
            ConfigToken::Issued(PageToken { kind, value, id, expiry }) => {
                (kind, Some(value), TokenMembers::Issued(Life::of(id, expiry, now)))
            }
            ConfigToken::OfPage { scope } => (TokenKind::Aad, None, TokenMembers::OfPage { scopes: [scope] }),
        };
        let config = |part: ConfigPart| EmbedConfig {
            kind: if matches!(part.item, ItemConfig::Create { .. }) { "create" } else { "report" },
            token_type: kind.number(),
            access_token: value.clone(),
            embed_url: part.embed_url.to_string(),
            item: part.item,
        };
        Self { configs: parts.into_iter().map(config).collect(), token }
    }
}
