//! What the functions decide, and why.

use serde::Serialize;
use serde_json::Value;

use super::grants::GrantExplanation;

/// The user's own token, which replaces the embed token in the organization scenario.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserTokenExplanation {
    /// Who gets it from Entra: `server` or `page`.
    pub from: &'static str,
    /// The scope for which it is requested.
    pub scope: &'static str,
    /// What happens, as text.
    pub detail: &'static str,
}

/// What the functions decide, and why.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether there is a token.
    pub allowed: bool,
    /// `ok`, or the code of the problem.
    pub code: &'static str,
    /// The detail of the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The caller's tenant.
    pub tenant: Option<String>,
    /// The tenant's grants, in the catalog's order.
    pub grants: Vec<GrantExplanation>,
    /// The dataset that is bound, by key or GUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The effective identity of that dataset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Value>,
    /// The profile that the service principal acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The body of `GenerateToken`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_token: Option<Value>,
    /// In the organization scenario: the token that the page embeds with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_token: Option<UserTokenExplanation>,
    /// What was assumed, because Power BI is not called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<String>,
}
