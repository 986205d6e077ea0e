//! The audit log: which caller got which token, and what the token allows. Each token has a line, even if a later part
//! of the request fails.

use std::collections::BTreeSet;

use super::EmbeddingError;
use super::authorizer::Authorized;
use crate::domain::{AccessToken, AuthorizedBinding, Caller, EmbedToken, TokenRequest};
use crate::ports::Session as _;
use crate::timestamp;

/// What a token allows, for auditors.
#[derive(Default)]
struct Allowed {
    reports: String,
    editable_reports: String,
    datasets: String,
    target_workspaces: String,
    profile: Option<String>,
    identities: usize,
    effective_identity: bool,
}

impl Allowed {
    fn by(request: &TokenRequest) -> Self {
        let editable = request.reports().iter().filter(|(_, edit)| **edit).map(|(id, _)| id);
        Self {
            reports: joined(request.reports().keys()),
            editable_reports: joined(editable),
            datasets: joined(request.datasets().keys()),
            target_workspaces: joined(request.target_workspaces()),
            profile: request.profile().map(|profile| profile.to_string()),
            identities: request.identities().len(),
            effective_identity: !request.identities().is_empty(),
        }
    }
}

/// An embed token was handed out. An auditor can join the line with Power BI's own activity log by
/// the token's id.
pub(super) fn embed_token(
    caller: &Caller,
    authorized: &Authorized,
    request: &TokenRequest,
    token: &EmbedToken,
    origin: &str,
) {
    let allowed = Allowed::by(request);
    tracing::info!(
        audit = "embed-token",
        origin,
        token_id = token.id,
        tenant = caller.tenant().unwrap_or_default(),
        subject = caller.subject(),
        bindings = authorized.keys.as_ref(),
        reports = allowed.reports,
        editable_reports = allowed.editable_reports,
        datasets = allowed.datasets,
        target_workspaces = allowed.target_workspaces,
        profile = allowed.profile,
        identities = allowed.identities,
        effective_identity = allowed.effective_identity,
        expiration = timestamp::format(token.expiry.at),
        request_id = authorized.session.context().ids().request,
        correlation_id = authorized.session.context().ids().correlation,
        "embed token handed out"
    );
}

/// No embed token could be issued for bindings that are granted. The line names the catalog's entries
/// of the bindings; the request line names the cause.
pub(super) fn no_embed_token(
    caller: &Caller,
    authorized: &Authorized,
    request: Option<&TokenRequest>,
    error: &EmbeddingError,
) {
    let allowed = request.map(Allowed::by).unwrap_or_default();
    let upstream_code = match error {
        EmbeddingError::Upstream(error) => error.code.as_deref(),
        _ => None,
    };
    tracing::warn!(
        audit = "embed-token-refused",
        upstream_code,
        tenant = caller.tenant().unwrap_or_default(),
        subject = caller.subject(),
        bindings = authorized.keys.as_ref(),
        reports = allowed.reports,
        editable_reports = allowed.editable_reports,
        datasets = allowed.datasets,
        target_workspaces = allowed.target_workspaces,
        profile = allowed.profile,
        identities = allowed.identities,
        effective_identity = allowed.effective_identity,
        request_id = authorized.session.context().ids().request,
        correlation_id = authorized.session.context().ids().correlation,
        "no embed token for granted bindings"
    );
}

/// A user's own access token was handed out. It opens everything that the user may see; the bindings are
/// those of the request.
pub(super) fn user_token(caller: &Caller, authorized: &Authorized, token: &AccessToken) {
    let (reports, datasets) = items_of(authorized.bindings.as_slice());
    tracing::info!(
        audit = "user-token",
        tenant = caller.tenant().unwrap_or_default(),
        subject = caller.subject(),
        bindings = authorized.keys.as_ref(),
        reports,
        datasets,
        expiration = timestamp::format(token.expiry.at),
        request_id = authorized.session.context().ids().request,
        correlation_id = authorized.session.context().ids().correlation,
        "user token handed out"
    );
}

/// Configs were answered without a token, because the page gets the user's token itself. Reports and datasets are those
/// of the configs.
pub(super) fn no_token(caller: &Caller, authorized: &Authorized) {
    let (reports, datasets) = items_of(authorized.bindings.as_slice());
    tracing::info!(
        audit = "no-token",
        tenant = caller.tenant().unwrap_or_default(),
        subject = caller.subject(),
        bindings = authorized.keys.as_ref(),
        reports,
        datasets,
        request_id = authorized.session.context().ids().request,
        correlation_id = authorized.session.context().ids().correlation,
        "configs answered without a token"
    );
}

/// The ids of the bindings' reports and datasets.
fn items_of(bindings: &[AuthorizedBinding]) -> (String, String) {
    let reports: BTreeSet<_> = bindings.iter().filter_map(|binding| Some(binding.report()?.id)).collect();
    let datasets: BTreeSet<_> = bindings.iter().map(|binding| binding.dataset().id).collect();
    (joined(&reports), joined(&datasets))
}

fn joined<Id: ToString>(ids: impl IntoIterator<Item = Id>) -> String {
    ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
}
