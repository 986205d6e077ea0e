//! Who was handed which token: one line for each, whatever else happens to the request.

use std::collections::BTreeSet;

use crate::cache::Origin;
use crate::domain::{AuthorizedBinding, Caller, TokenRequest};
use crate::request::Call;
use crate::timestamp;
use crate::token::{AccessToken, EmbedToken};

/// An embed token was handed out. An auditor can join the line with Power BI's
/// own activity log by the token's id.
pub(super) fn embed_token(call: &Call, caller: &Caller, request: &TokenRequest, token: &EmbedToken, origin: Origin) {
    tracing::info!(
        audit = "embed-token",
        origin = origin.as_str(),
        token_id = token.id,
        tenant = caller.tenant().unwrap_or_default(),
        subject = caller.subject(),
        reports = joined(request.reports().keys()),
        datasets = joined(request.datasets().keys()),
        identities = request.identities().len(),
        expiration = timestamp::format(token.expiry.at),
        request_id = call.ids().request,
        correlation_id = call.ids().correlation,
        "embed token handed out"
    );
}

/// A user's own access token was handed out. It opens whatever the user may
/// see; reports and datasets are those that it was asked for.
pub(super) fn user_token(call: &Call, caller: &Caller, bindings: &[AuthorizedBinding], token: &AccessToken) {
    let (reports, datasets) = items_of(bindings);
    tracing::info!(
        audit = "user-token",
        tenant = caller.tenant().unwrap_or_default(),
        subject = caller.subject(),
        reports,
        datasets,
        expiration = timestamp::format(token.expiry.at),
        request_id = call.ids().request,
        correlation_id = call.ids().correlation,
        "user token handed out"
    );
}

/// Configs were answered and no token was handed out: the page gets the user's
/// token itself. Reports and datasets are those of the configs.
pub(super) fn no_token(call: &Call, caller: &Caller, bindings: &[AuthorizedBinding]) {
    let (reports, datasets) = items_of(bindings);
    tracing::info!(
        audit = "no-token",
        tenant = caller.tenant().unwrap_or_default(),
        subject = caller.subject(),
        reports,
        datasets,
        request_id = call.ids().request,
        correlation_id = call.ids().correlation,
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
