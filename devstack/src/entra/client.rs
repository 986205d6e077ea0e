//! Authentication of the client.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::federation::{self, FederatedCredential};
use super::form::Form;
use super::refusal::Refusal;
use super::request::TokenRequest;
use crate::fake_tenant::same_id;
use crate::jwt::UnverifiedJwt;
use crate::keys::PublicKey;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The maximum lifetime of a client assertion in this stand-in. It is the longest that the documentation recommends.
const MAX_ASSERTION_SECONDS: u64 = 600;

/// One app registration.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) client_id: String,
    pub(super) secrets: Vec<String>,
    /// Expired client secrets.
    pub(super) expired_secrets: Vec<String>,
    pub(super) certificate: Certificate,
    pub(super) federated: Vec<FederatedCredential>,
    pub(super) seen_assertions: Vec<String>,
}

/// The certificate that was uploaded to the app registration.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    thumbprint: String,
    key: PublicKey,
}

impl Certificate {
    pub(crate) fn new(der: &[u8], key: PublicKey) -> Self {
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, der));
        Self { thumbprint, key }
    }
}

impl Registration {
    /// Accepts a client secret or a client assertion.
    pub(super) fn authenticate(&mut self, form: &Form, request: &TokenRequest<'_>, now: u64) -> Result<(), Refusal> {
        let client_id = form.required("client_id")?;
        if !same_id(client_id, &self.client_id) {
            return Err(Refusal::unknown_app(client_id));
        }
        match (form.optional("client_secret"), form.optional("client_assertion")) {
            (Some(secret), None) if self.secrets.iter().any(|known| known == secret) => Ok(()),
            (Some(secret), None) if self.expired_secrets.iter().any(|known| known == secret) => {
                Err(Refusal::expired_secret(client_id))
            }
            (Some(_), None) => Err(Refusal::wrong_secret(client_id)),
            (None, Some(assertion)) => self.check_assertion(form, assertion, request, now),
            (Some(_), Some(_)) | (None, None) => Err(Refusal::no_credential()),
        }
    }

    fn check_assertion(
        &mut self,
        form: &Form,
        assertion: &str,
        request: &TokenRequest<'_>,
        now: u64,
    ) -> Result<(), Refusal> {
        if form.required("client_assertion_type")? != ASSERTION_TYPE {
            return Err(Refusal::bad_assertion("unknown client_assertion_type"));
        }
        if federation::foreign_issuer(assertion).is_some() {
            let keys = request.issuer_keys.as_ref();
            return federation::check(&self.federated, keys, &self.client_id, assertion, now);
        }
        let claims = self.verified_claims(assertion)?;
        for (claim, wanted) in [("aud", request.endpoint), ("iss", &self.client_id), ("sub", &self.client_id)] {
            if claims.get(claim).and_then(Value::as_str) != Some(wanted) {
                return Err(Refusal::bad_assertion(&format!("'{claim}' must be '{wanted}'")));
            }
        }
        check_times(&claims, now)?;
        self.check_fresh(&claims)
    }

    fn verified_claims(&self, assertion: &str) -> Result<Map<String, Value>, Refusal> {
        let jwt = UnverifiedJwt::parse(assertion).ok_or_else(|| Refusal::bad_assertion("not a JSON Web Token"))?;
        let wanted = [("alg", "PS256"), ("typ", "JWT"), ("x5t#S256", self.certificate.thumbprint.as_str())];
        for (name, value) in wanted {
            if jwt.header(name) != Some(value) {
                return Err(Refusal::bad_assertion(&format!("header '{name}' must be '{value}'")));
            }
        }
        jwt.verified(|message, signature| self.certificate.key.verifies_ps256(message, signature))
            .ok_or_else(|| Refusal::bad_assertion("the key was not found"))
    }

    /// Checks that `jti` is a GUID that was not used before.
    fn check_fresh(&mut self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let jti = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
        if uuid::Uuid::try_parse(jti).is_err() {
            return Err(Refusal::bad_assertion("'jti' must be a GUID"));
        }
        if self.seen_assertions.iter().any(|seen| seen == jti) {
            return Err(Refusal::bad_assertion("'jti' was used before"));
        }
        self.seen_assertions.push(jti.to_owned());
        Ok(())
    }
}

fn check_times(claims: &Map<String, Value>, now: u64) -> Result<(), Refusal> {
    let time = |claim: &str| {
        let seconds = claims.get(claim).and_then(Value::as_u64);
        seconds.ok_or_else(|| Refusal::bad_assertion(&format!("'{claim}' must be a number")))
    };
    let (not_before, issued, expires) = (time("nbf")?, time("iat")?, time("exp")?);
    if not_before > now || issued > now || expires <= now {
        return Err(Refusal::assertion_out_of_time());
    }
    if expires.saturating_sub(not_before) > MAX_ASSERTION_SECONDS {
        return Err(Refusal::bad_assertion("it lives for more than ten minutes"));
    }
    Ok(())
}
