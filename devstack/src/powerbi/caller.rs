//! Who calls the REST API.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::answer::Refusal;
use crate::ledger::{Bearer, Ledger};
use crate::world::{Principal, World};

const PROFILE_HEADER: &str = "x-powerbi-profile-id";

/// A caller whose access token is good.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) principal: Principal,
    /// When the access token ends, and every embed token made with it.
    pub(super) token_expires: SystemTime,
}

impl Caller {
    pub(super) fn from_headers(
        headers: &HeaderMap,
        world: &World,
        ledger: &Ledger,
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        let token = bearer_token(headers).and_then(|token| ledger.access(token));
        let token = token.filter(|token| !token.revoked).ok_or_else(Refusal::invalid_token)?;
        if token.expires <= now {
            return Err(Refusal::token_expired());
        }
        let principal = match (token.bearer, profile(headers)?) {
            (Bearer::App, None) => Principal::App,
            (Bearer::User(email), None) => Principal::User(email),
            (Bearer::App, Some(id)) => {
                let profile = world.profile(id).ok_or_else(Refusal::unknown_profile)?;
                Principal::Profile(profile.id.clone())
            }
            // Only a service principal has profiles.
            (Bearer::User(_), Some(_)) => return Err(Refusal::unknown_profile()),
        };
        Ok(Self { principal, token_expires: token.expires })
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The profile header's value, which must not be sent twice.
fn profile(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let mut values = headers.get_all(PROFILE_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Refusal::unknown_profile()),
        (Some(_), Some(_)) => Err(Refusal::unknown_profile()),
    }
}
