//! What Entra's refusals mean (Entra, "authentication and authorization error codes").

mod federated;

use super::wire::ErrorBody;
use crate::upstream::{ClaimsChallenge, Reply, Upstream, UpstreamError, UpstreamErrorKind, as_code};

/// Who can resolve a refusal.
#[derive(Clone, Copy)]
enum Party {
    /// The user, by an interactive sign-in: a second factor, consent, a compliant device.
    User,
    /// The page, which has to send another bearer token.
    Page,
    /// The operator of this service, or of the Entra tenant.
    Operator,
}

/// Values of `suberror` for which an interactive sign-in resolves the refusal, or shows its cause to the user (MSAL,
/// "error handling").
const USER_SUBERRORS: [&str; 5] =
    ["basic_action", "additional_action", "message_only", "consent_required", "user_password_expired"];

/// Reads a reply that is not a success.
///
/// `error` and `suberror` decide the kind of the error, as the documentation recommends. The error number decides who
/// can resolve it, and the remedy.
pub(super) fn error_from_response(reply: &Reply, is_federated: bool, on_behalf_of_user: bool) -> UpstreamError {
    let status = reply.status.as_u16();
    let body: ErrorBody = serde_json::from_slice(&reply.body).unwrap_or_default();
    let error = body.error.as_deref().unwrap_or_default();
    let number = body.number();
    // This error with this number is about the user's token, and not about the federated credential.
    let about_us = is_federated && !(error == "invalid_grant" && number == Some(50_013));
    let federated = number.filter(|_| about_us).and_then(federated::remedy);
    let meaning = federated.map(|remedy| (Party::Operator, remedy)).or_else(|| number.and_then(meaning_of));
    let by_suberror = body.suberror.as_deref().is_some_and(|suberror| USER_SUBERRORS.contains(&suberror));
    let party = if by_suberror { Some(Party::User) } else { meaning.map(|(party, _)| party) };
    let claims = || body.claims.as_deref().and_then(ClaimsChallenge::parse);
    let kind = match (error, status) {
        ("" | "temporarily_unavailable", _) | (_, 300..=399) => UpstreamErrorKind::Failed,
        ("invalid_client", _) => UpstreamErrorKind::InvalidClient,
        ("interaction_required", _) if on_behalf_of_user => UpstreamErrorKind::InteractionRequired { claims: claims() },
        ("invalid_grant", _) if on_behalf_of_user => match party {
            Some(Party::User) => UpstreamErrorKind::InteractionRequired { claims: claims() },
            Some(Party::Operator) => UpstreamErrorKind::Refused,
            Some(Party::Page) | None => UpstreamErrorKind::AssertionRefused,
        },
        _ => UpstreamErrorKind::Refused,
    };
    let remedy = meaning.map(|(_, remedy)| remedy).or(by_suberror.then_some("the user has to sign in again"));
    UpstreamError {
        upstream: Upstream::Entra,
        kind,
        code: number.map(|number| format!("AADSTS{number}")).or_else(|| as_code(error)),
        request_id: body.trace_id.as_deref().and_then(as_code),
        explanation: remedy.map_or_else(|| format!("status {status}"), str::to_owned),
        deadline_exceeded: false,
    }
}

/// Whether Entra does not know the federated credential. This can also happen in the first minutes of a new credential.
pub(super) fn is_unknown_federation(reply: &Reply) -> bool {
    let body = || serde_json::from_slice::<ErrorBody>(&reply.body).ok();
    !reply.status.is_success() && body().and_then(|body| body.number()) == Some(70_021)
}

/// Who can resolve an error number, and the remedy.
fn meaning_of(number: u64) -> Option<(Party, &'static str)> {
    MEANINGS.iter().find(|(known, ..)| *known == number).map(|(_, party, remedy)| (*party, *remedy))
}

/// What Entra's error numbers mean for this service.
const MEANINGS: [(u64, Party, &str); 29] = [
    // The service principal's credential.
    (7_000_215, Party::Operator, "wrong client secret: store its value, not its id, in Secrets Manager"),
    (7_000_222, Party::Operator, "the client secret has expired: make a new one and store it in Secrets Manager"),
    (7_000_218, Party::Operator, "no credential was sent: the secret needs a clientSecret or a certificate"),
    (
        700_027,
        Party::Operator,
        "the certificate is not registered with the application: upload it to the app registration",
    ),
    (
        700_024,
        Party::Operator,
        "the client assertion is not within its validity period: check the clock of this service",
    ),
    // The application and its tenant.
    (700_016, Party::Operator, "the application is not in this tenant: check clientId and tenantId"),
    (7_000_112, Party::Operator, "the application is disabled: enable it among the tenant's enterprise applications"),
    (7_000_114, Party::Operator, "the application may not act on behalf of users: allow this in its app registration"),
    (90_002, Party::Operator, "the tenant does not exist: check tenantId and DYNABIND_CLOUD"),
    (900_382, Party::Operator, "the tenant belongs to another cloud: check tenantId and DYNABIND_CLOUD"),
    (
        500_011,
        Party::Operator,
        "Power BI is not known in this tenant: check DYNABIND_CLOUD, or let a user sign in to Power BI once",
    ),
    (70_011, Party::Operator, "the scope is not known in this cloud: check DYNABIND_CLOUD"),
    (900_144, Party::Operator, "the request lacks a parameter: check whether a proxy changes requests to Entra"),
    // The caller's own token, in the organization scenario.
    (
        500_131,
        Party::Page,
        "the caller's token is for another application: the page has to request a token whose audience is clientId",
    ),
    (
        50_013,
        Party::Page,
        "the caller's token is not valid here: the page has to request an access token of this tenant for clientId",
    ),
    (50_012, Party::Page, "the caller's token cannot be verified: the page has to request a new one"),
    (500_133, Party::Page, "the caller's token is not within its validity period: the page has to request a new one"),
    // The user.
    (50_074, Party::User, "the user has to use a second factor"),
    (50_076, Party::User, "the user has to use a second factor"),
    (50_079, Party::User, "the user has to enrol for a second factor"),
    (50_158, Party::User, "the user has to complete a check of an external provider"),
    (53_000, Party::User, "a conditional access policy requires a compliant device"),
    (53_001, Party::User, "a conditional access policy requires a device that has joined the domain"),
    (
        53_003,
        Party::User,
        "a conditional access policy blocks this sign-in: see the sign-in log of Entra for the policy",
    ),
    (
        65_001,
        Party::User,
        "nobody has consented to the application's use of Power BI: let an administrator grant it for the tenant",
    ),
    (65_004, Party::User, "the user has declined to consent to the application's use of Power BI"),
    (90_094, Party::User, "an administrator has to consent to the application's use of Power BI"),
    // Limits.
    (90_055, Party::Operator, "the tenant is throttled"),
    (50_196, Party::Operator, "the same request was repeated too often"),
];
