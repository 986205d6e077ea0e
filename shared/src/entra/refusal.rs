//! What Entra's refusals mean (Entra, "authentication and authorization error codes").

use super::wire::ErrorBody;
use crate::upstream::{ClaimsChallenge, Reply, Upstream, UpstreamError, UpstreamErrorKind, as_code};

/// With these, Entra wants the user: multi-factor authentication, consent, a
/// compliant device.
const WANTS_USER: [u64; 8] = [50074, 50076, 50079, 50158, 53000, 53003, 65001, 90094];

/// Reads a reply that is not a success. Only `error` decides, as the
/// documentation asks; the numbers tell what the user or the operator can do.
pub(super) fn refusal_of(reply: &Reply, on_behalf_of_user: bool) -> UpstreamError {
    let status = reply.status.as_u16();
    let body: ErrorBody = serde_json::from_slice(&reply.body).unwrap_or_default();
    let number = body.error_codes.first().copied();
    let wants_user = number.is_some_and(|number| WANTS_USER.contains(&number));
    let claims = body.claims.as_deref().and_then(ClaimsChallenge::parse);
    let kind = match (body.error.as_str(), status) {
        ("" | "temporarily_unavailable", _) | (_, 300..=399) => UpstreamErrorKind::Failed,
        ("invalid_client", _) => UpstreamErrorKind::InvalidClient,
        ("interaction_required", _) if on_behalf_of_user => UpstreamErrorKind::InteractionRequired { claims },
        ("invalid_grant", _) if on_behalf_of_user && wants_user => UpstreamErrorKind::InteractionRequired { claims },
        ("invalid_grant", _) if on_behalf_of_user => UpstreamErrorKind::AssertionRefused,
        _ => UpstreamErrorKind::Refused,
    };
    UpstreamError {
        upstream: Upstream::Entra,
        kind,
        code: number.map(|number| format!("AADSTS{number}")).or_else(|| as_code(&body.error)),
        request_id: body.trace_id.as_deref().and_then(as_code),
        explanation: number.and_then(remedy_of).map_or_else(|| format!("status {status}"), str::to_owned),
        cut_short: false,
    }
}

/// What an operator does about Entra's error numbers.
fn remedy_of(number: u64) -> Option<&'static str> {
    Some(match number {
        7_000_215 => "wrong client secret: store its value, not its id, in Secrets Manager",
        7_000_222 => "the client secret has expired: make a new one and store it in Secrets Manager",
        700_016 => "the application is not in this tenant: check clientId and tenantId",
        90002 => "no such tenant: check tenantId",
        500_011 => "Power BI's service principal is not in this tenant: sign in to Power BI there once",
        7_000_112 => "the application is disabled",
        7_000_114 => "the application may not act on behalf of users",
        700_027 => "the certificate is not registered with the application",
        50013 => "the caller's token is not for this application: its audience has to be clientId",
        500_133 => "the caller's token is out of time",
        50074 | 50076 | 50079 | 50158 => "the user has to prove more than a password",
        53000 | 53003 => "a conditional access policy stands in the way",
        65001 | 90094 => "the user or an administrator has to consent to the application's use of Power BI",
        90055 => "the tenant is throttled",
        _ => return None,
    })
}
