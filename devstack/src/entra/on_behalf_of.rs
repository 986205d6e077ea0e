//! The on-behalf-of flow: it exchanges a user's token that was issued to this app for a token for Power BI or Fabric.

use serde_json::{Map, Value};

use super::form::Form;
use super::refusal::Refusal;
use super::scope::{POWER_BI, check_default_scope};
use crate::jwt::UnverifiedJwt;
use crate::keys::PublicKey;
use crate::ledger::Audience;

/// The `grant_type` of the flow.
pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Why Entra issues no token for a user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hindrance {
    /// A second factor is required.
    SecondFactor,
    /// The user has to enrol for a second factor first.
    Enrolment,
    /// Nobody has consented to the application's use of Power BI.
    Consent,
    /// A conditional access policy blocks the user.
    Policy,
}

/// The issuer whose tokens identify users in this stand-in.
#[derive(Debug)]
pub(crate) struct UserIssuer {
    pub(crate) issuer: String,
    pub(crate) key: PublicKey,
    /// Users who get no token, by e-mail address.
    pub(crate) hindered: Vec<(String, Hindrance)>,
}

impl UserIssuer {
    /// The API for which the app requests a token, and the e-mail address of the user.
    pub(super) fn user(&self, form: &Form, client_id: &str, now: u64) -> Result<(Audience, String), Refusal> {
        if form.required("requested_token_use")? != "on_behalf_of" {
            return Err(Refusal::missing_parameter("requested_token_use"));
        }
        let audience = check_scope(form.required("scope")?)?;
        let claims = self.verified_claims(form.required("assertion")?)?;
        self.check_claims(&claims, client_id, now)?;
        let email = claims.get("email").and_then(Value::as_str);
        let email = email.ok_or_else(|| Refusal::bad_user_assertion("it names no user"))?;
        let hindrance = self.hindered.iter().find(|(known, _)| known.eq_ignore_ascii_case(email));
        match hindrance.map(|(_, hindrance)| hindrance) {
            None => Ok((audience, email.to_owned())),
            Some(Hindrance::SecondFactor) => Err(Refusal::second_factor()),
            Some(Hindrance::Enrolment) => Err(Refusal::second_factor_enrolment()),
            Some(Hindrance::Consent) => Err(Refusal::consent_required(client_id)),
            Some(Hindrance::Policy) => Err(Refusal::blocked_by_policy()),
        }
    }

    fn verified_claims(&self, assertion: &str) -> Result<Map<String, Value>, Refusal> {
        let jwt = UnverifiedJwt::parse(assertion).ok_or_else(|| Refusal::bad_user_assertion("not a JSON Web Token"))?;
        if jwt.header("alg") != Some("RS256") {
            return Err(Refusal::bad_user_assertion("unexpected algorithm"));
        }
        jwt.verified(|message, signature| self.key.verifies_rs256(message, signature))
            .ok_or_else(|| Refusal::bad_user_assertion("the key was not found"))
    }

    fn check_claims(&self, claims: &Map<String, Value>, client_id: &str, now: u64) -> Result<(), Refusal> {
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err(Refusal::bad_user_assertion("unknown issuer"));
        }
        let audience = claims.get("aud").and_then(Value::as_str).unwrap_or_default();
        if audience != client_id {
            return Err(Refusal::wrong_audience(audience, client_id));
        }
        let time = |claim: &str| claims.get(claim).and_then(Value::as_u64);
        let in_time = time("nbf").is_some_and(|nbf| nbf <= now) && time("exp").is_some_and(|exp| exp > now);
        if in_time { Ok(()) } else { Err(Refusal::user_assertion_out_of_time()) }
    }
}

/// `.default`, or permissions of Power BI by name.
fn check_scope(scope: &str) -> Result<Audience, Refusal> {
    let named = |one: &str| {
        let permission = one.strip_prefix(POWER_BI).and_then(|rest| rest.strip_prefix('/'));
        permission.is_some_and(|name| name.contains(".Read") && !name.contains('/'))
    };
    if scope.split(' ').all(named) { Ok(Audience::PowerBi) } else { check_default_scope(scope) }
}
