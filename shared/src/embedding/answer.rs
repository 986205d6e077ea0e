//! The bodies of the 200 answers, as the contract writes them.

use std::fmt;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use serde::{Serialize, Serializer};

use crate::domain::{
    AccessToken, DatasetId, DatasetKey, EmbedToken, EmbedUrl, Expiry, Mode, ReportId, ReportKey, TokenText, WorkspaceId,
};
use crate::timestamp;

/// A page asks again this long before a token ends, or at half of what is left.
const REFRESH_LEAD: Duration = Duration::from_mins(10);

/// What a page embeds with.
#[derive(Debug)]
pub(super) enum ConfigToken {
    /// A token that is handed out.
    Issued(PageToken),
    /// The user's own token, which the page gets itself for this scope.
    OfPage { scope: &'static str },
}

/// A token that a page embeds with.
#[derive(Debug)]
pub(super) struct PageToken {
    kind: TokenKind,
    value: Exposed,
    id: Option<String>,
    expiry: Expiry,
}

#[derive(Clone, Copy, Debug)]
enum TokenKind {
    Embed,
    Aad,
}

impl TokenKind {
    /// As people write it.
    fn name(self) -> &'static str {
        match self {
            Self::Embed => "Embed",
            Self::Aad => "Aad",
        }
    }

    /// `TokenType` of powerbi-models: a number, or every request is a 403.
    fn number(self) -> u8 {
        match self {
            Self::Embed => 1,
            Self::Aad => 0,
        }
    }
}

impl PageToken {
    /// Power BI's embed token.
    pub(super) fn embed(token: EmbedToken) -> Self {
        Self { kind: TokenKind::Embed, value: Exposed(token.value), id: Some(token.id), expiry: token.expiry }
    }

    /// The user's own access token.
    pub(super) fn of_user(token: AccessToken) -> Self {
        Self { kind: TokenKind::Aad, value: Exposed(token.value), id: None, expiry: token.expiry }
    }
}

/// A token on its way out: its text is written by serialising alone.
#[derive(Clone)]
pub(super) struct Exposed(TokenText);

impl Serialize for Exposed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

impl fmt::Debug for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}

/// The answer of `POST /token`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAnswer {
    token_type: &'static str,
    token: Exposed,
    #[serde(flatten)]
    life: Life,
}

/// Which token it is and when it ends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Life {
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
    expiration: String,
    refresh_after: String,
    lifetime_seconds: u64,
    refresh_after_seconds: u64,
}

impl Life {
    fn of(id: Option<String>, expiry: Expiry, now: SystemTime) -> Self {
        let remaining = expiry.remaining(now);
        let lead = REFRESH_LEAD.min(remaining / 2);
        let refresh_after = expiry.at.checked_sub(lead).unwrap_or(expiry.at);
        Self {
            token_id: id,
            expiration: timestamp::format(expiry.at),
            refresh_after: timestamp::format(refresh_after),
            lifetime_seconds: remaining.as_secs(),
            refresh_after_seconds: remaining.saturating_sub(lead).as_secs(),
        }
    }
}

impl TokenAnswer {
    pub(super) fn new(token: PageToken, now: SystemTime) -> Self {
        let life = Life::of(token.id, token.expiry, now);
        Self { token_type: token.kind.name(), token: token.value, life }
    }
}

/// The answer of `POST /config`.
#[derive(Debug, Serialize)]
pub struct ConfigAnswer {
    configs: Vec<EmbedConfig>,
    #[serde(flatten)]
    token: TokenMembers,
}

/// What a list of configs says of their token.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum TokenMembers {
    Issued(Life),
    OfPage { scopes: [&'static str; 1] },
}

/// What `powerbi.embed` or `powerbi.createReport` takes.
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

/// The part of a config that its token does not decide.
#[derive(Debug)]
pub(super) struct ConfigPart {
    pub(super) embed_url: EmbedUrl,
    pub(super) item: ItemConfig,
}

/// What is embedded and how it is bound; each kind has its own key for that,
/// and `powerbi-client` ignores the others without a word.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum ItemConfig {
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
pub(super) struct DatasetBinding {
    pub(super) dataset_id: DatasetId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) paginated_report_bindings: Vec<SourceBinding>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceBinding {
    pub(super) source_dataset_id: DatasetId,
    pub(super) target_dataset_id: DatasetId,
}

impl ConfigAnswer {
    pub(super) fn new(parts: Vec<ConfigPart>, token: ConfigToken, now: SystemTime) -> Self {
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

/// The answer of `GET /datasets`.
#[derive(Debug, Serialize)]
pub struct DatasetsAnswer {
    /// The reports, by key.
    pub reports: Vec<ReportEntry>,
    /// The datasets, by key.
    pub datasets: Vec<DatasetEntry>,
}

/// A report that the caller may bind.
#[derive(Debug, Serialize)]
pub struct ReportEntry {
    /// Its key.
    pub report: ReportKey,
    /// What people call it.
    pub name: String,
    /// `report` or `paginated`.
    pub kind: &'static str,
    /// Whether there is no problem.
    pub bindable: bool,
    /// Why embedding it would not work.
    pub problems: Vec<ItemProblem>,
}

/// A dataset that the caller may bind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetEntry {
    /// Its key.
    pub dataset: DatasetKey,
    /// What people call it.
    pub name: String,
    /// Its id in Power BI.
    pub dataset_id: DatasetId,
    /// The workspace that holds it.
    pub workspace_id: WorkspaceId,
    /// The reports to which it may be bound.
    pub reports: Vec<ReportKey>,
    /// What may be done with those, over all of the caller's grants.
    pub modes: Vec<Mode>,
    /// Whether there is no problem.
    pub bindable: bool,
    /// Why binding it would not work.
    pub problems: Vec<ItemProblem>,
}

/// Why an item would not work, found by looking at Power BI.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemProblem {
    /// No such report, or not to be seen by the service principal.
    ReportNotFound,
    /// No such dataset, or not to be seen by the service principal.
    DatasetNotFound,
    /// Dynamic binding needs a capacity.
    WorkspaceNotOnCapacity,
    /// Power BI does not say whether the workspace is assigned to a capacity.
    CapacityUnknown,
    /// The dataset wants an effective identity, the catalog gives none.
    IdentityRequired,
    /// The identity has to name roles.
    IdentityRolesRequired,
    /// The catalog gives an identity, the dataset has no row-level security.
    IdentityNotSupported,
    /// The caller lacks a claim that the identity needs.
    ClaimMissing,
    /// Power BI could not be asked.
    LookupFailed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refresh_lead(remaining_minutes: u64) -> Duration {
        let now = SystemTime::UNIX_EPOCH;
        let life = Duration::from_secs(remaining_minutes * 60);
        let answer = Life::of(None, Expiry { at: now + life, life }, now);
        let instant =
            |text: &str| time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap();
        (instant(&answer.expiration) - instant(&answer.refresh_after)).try_into().unwrap()
    }

    #[test]
    fn a_page_asks_again_ten_minutes_before_the_end_or_at_half() {
        for (remaining, lead) in [(60, 600), (20, 600), (19, 570), (2, 60), (0, 0)] {
            assert_eq!(refresh_lead(remaining), Duration::from_secs(lead), "{remaining} minutes left");
        }
    }
}
