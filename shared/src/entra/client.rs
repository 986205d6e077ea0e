//! One token request to Entra.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::Method;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::wire::{ErrorBody, TokenBody};
use crate::clock::Clock;
use crate::request::Call;
use crate::secrets::{Credential, ServicePrincipal};
use crate::settings::Endpoints;
use crate::token::{AccessToken, Expiry};
use crate::upstream::{Effort, Http, Reply, Upstream, UpstreamError, UpstreamErrorKind, as_code};

const ROUTE: &str = "EntraToken";

/// Entra's token endpoint. The URL is fixed, so nothing is discovered.
#[derive(Clone)]
pub struct EntraClient {
    http: Http,
    base: Url,
    scope: &'static str,
    clock: Arc<dyn Clock>,
}

impl EntraClient {
    /// A client of the cloud's authority.
    #[must_use]
    pub fn new(endpoints: &Endpoints, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self { http, base: endpoints.entra.clone(), scope: endpoints.cloud.scope(), clock }
    }

    /// Opens a connection ahead of its use.
    pub fn connect_ahead(&self) {
        self.http.connect_ahead(&self.base, 1);
    }

    /// Asks for an access token as the service principal itself.
    ///
    /// # Errors
    /// `InvalidClient` where the credential is not taken, or what else went wrong.
    pub async fn client_credentials(
        &self,
        call: &Call,
        principal: &ServicePrincipal,
        effort: Effort,
    ) -> Result<AccessToken, UpstreamError> {
        let Credential::Secret(secret) = &principal.credential;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", principal.client_id.as_str()),
            ("client_secret", secret.expose_secret()),
            ("scope", self.scope),
        ];
        let url = self.token_url(&principal.tenant_id);
        let asked_at = self.clock.now();
        let attempt = self.http.attempt(call, Upstream::Entra, effort, asked_at);
        let request = || self.http.request(Method::POST, url.clone()).form(&form);
        let send = |limit| self.http.send(call, ROUTE, limit, request());
        let reply = attempt.run(send).await?;
        if reply.status.is_success() { token_of(&reply, asked_at) } else { Err(refusal_of(&reply)) }
    }

    fn token_url(&self, tenant: &str) -> Url {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{tenant}/oauth2/v2.0/token"));
        url
    }
}

fn token_of(reply: &Reply, asked_at: SystemTime) -> Result<AccessToken, UpstreamError> {
    let body: Option<TokenBody> = serde_json::from_slice(&reply.body).ok();
    let token = body.and_then(|body| {
        // Counted from before the request, so that the token is never thought
        // to live longer than it does.
        let life = Duration::from_secs(body.expires_in.get()?);
        let is_header_safe =
            !body.access_token.is_empty() && body.access_token.bytes().all(|byte| byte.is_ascii_graphic());
        let expiry = Expiry { at: asked_at.checked_add(life)?, life };
        is_header_safe.then(|| AccessToken { value: SecretString::from(body.access_token), expiry })
    });
    token.ok_or_else(|| {
        UpstreamError::new(Upstream::Entra, UpstreamErrorKind::Failed, "the answer to a token request is no token")
    })
}

fn refusal_of(reply: &Reply) -> UpstreamError {
    let status = reply.status.as_u16();
    let body: ErrorBody = serde_json::from_slice(&reply.body).unwrap_or_default();
    let number = body.error_codes.first().copied();
    let kind = match (body.error.as_str(), status) {
        ("invalid_client", _) => UpstreamErrorKind::InvalidClient,
        ("" | "temporarily_unavailable", _) | (_, 300..=399) => UpstreamErrorKind::Failed,
        _ => UpstreamErrorKind::Refused,
    };
    UpstreamError {
        upstream: Upstream::Entra,
        kind,
        code: number.map(|number| format!("AADSTS{number}")).or_else(|| as_code(&body.error)),
        request_id: body.trace_id.as_deref().and_then(as_code),
        explanation: number.and_then(remedy_of).map_or_else(|| format!("status {status}"), str::to_owned),
    }
}

/// What an operator does about Entra's error numbers (Entra, "error codes").
fn remedy_of(number: u64) -> Option<&'static str> {
    Some(match number {
        7_000_215 => "wrong client secret: store its value, not its id, in Secrets Manager",
        7_000_222 => "the client secret has expired: make a new one and store it in Secrets Manager",
        700_016 => "the application is not in this tenant: check clientId and tenantId",
        90002 => "no such tenant: check tenantId",
        500_011 => "Power BI's service principal is not in this tenant: sign in to Power BI there once",
        7_000_112 => "the application is disabled",
        700_027 => "the certificate is not registered with the application",
        53003 => "a conditional access policy blocks the service principal",
        90055 => "the tenant is throttled",
        _ => return None,
    })
}
