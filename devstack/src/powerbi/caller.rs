//! The caller of the REST API.

use std::time::SystemTime;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::refusal::Refusal;
use crate::fake_tenant::{FakeTenant, Principal, Role, Workspace};
use crate::jwt::UnverifiedJwt;
use crate::ledger::{AccessToken, Audience, Bearer, Ledger};

const PROFILE_HEADER: &str = "x-powerbi-profile-id";

/// A caller with a valid access token.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) principal: Principal,
    /// When the access token expires. Every embed token made with it expires at the same time.
    pub(super) token_expires: SystemTime,
}

impl Caller {
    pub(super) fn from_headers(
        headers: &HeaderMap,
        fake_tenant: &FakeTenant,
        ledger: &Ledger,
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        let token = access_token(headers, ledger, now)?;
        if matches!(token.bearer, Bearer::App) && !fake_tenant.admits_service_principals {
            return Err(Refusal::not_admitted());
        }
        let principal = match (token.bearer, profile(headers)?) {
            (Bearer::App, None) => Principal::App,
            (Bearer::User(email), None) => Principal::User(email),
            (Bearer::App, Some(id)) => {
                let profile = fake_tenant.profile(id).ok_or_else(Refusal::unknown_profile)?;
                Principal::Profile(profile.id.clone())
            }
            // Only a service principal has profiles.
            (Bearer::User(_), Some(_)) => return Err(Refusal::unknown_profile()),
        };
        if let Principal::User(email) = &principal
            && fake_tenant.challenged.iter().any(|known| known.eq_ignore_ascii_case(email))
        {
            return Err(Refusal::insufficient_claims());
        }
        Ok(Self { principal, token_expires: token.expires })
    }
}

/// The access token of a request, if Power BI accepts it.
///
/// Each refusal is as recorded on the live API (Mitsubishi-Fuso/mcp-server-for-powerbi,
/// `tests/test_token_rejection.py`@9db04a5): a 403 without a header where no token was sent, `InvalidToken` for a
/// text that is not a JWT, `TokenExpired` for any JWT that is not accepted, whether it has expired or not.
fn access_token(headers: &HeaderMap, ledger: &Ledger, now: SystemTime) -> Result<AccessToken, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let token = match (values.next(), values.next()) {
        (None, _) => return Err(Refusal::no_authorization()),
        (Some(value), None) => bearer_token(value).ok_or_else(Refusal::invalid_token)?,
        (Some(_), Some(_)) => return Err(Refusal::invalid_token()),
    };
    let token = ledger.access(token).filter(|token| token.audience == Audience::PowerBi && !token.revoked);
    token.filter(|token| token.expires > now).ok_or_else(Refusal::token_expired)
}

/// A bearer token that has the form of a JWT.
fn bearer_token(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    (is_bearer && UnverifiedJwt::parse(token).is_some()).then_some(token)
}

/// The value of the profile header, which must not be repeated.
fn profile(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(PROFILE_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Refusal::unknown_profile()),
        (Some(_), Some(_)) => Err(Refusal::unknown_profile()),
    }
}

impl Caller {
    pub(super) fn role_in(&self, workspace: &Workspace) -> Option<Role> {
        workspace.role_of(&self.principal)
    }
}
