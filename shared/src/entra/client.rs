//! One token request to Entra.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode, header};
use reqwest::Url;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use super::form;
use super::refusal::{error_from_response, is_unknown_federation};
use super::wire::TokenBody;
use crate::clock::Clock;
use crate::domain::{AccessToken, Expiry, UserAssertion};
use crate::request::RequestContext;
use crate::secrets::{Credential, ServicePrincipal};
use crate::settings::Endpoints;
use crate::upstream::{Answer, Http, Reply, RetryBudget, Upstream, UpstreamError, UpstreamErrorKind};

const ROUTE: &str = "EntraToken";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM: &str = "application/x-www-form-urlencoded";
const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Entra's token endpoint. The form of its URL is fixed, so no discovery document is read.
#[derive(Clone)]
pub struct EntraClient {
    http: Http,
    base: Url,
    scope: &'static str,
    clock: Arc<dyn Clock>,
}

type Fields<'f> = Vec<(&'static str, &'f str)>;

impl EntraClient {
    /// A client of the cloud's authority.
    #[must_use]
    pub fn new(endpoints: &Endpoints, http: Http, clock: Arc<dyn Clock>) -> Self {
        Self { http, base: endpoints.entra.clone(), scope: endpoints.cloud.scope(), clock }
    }

    /// The same client, whose tokens are for another API.
    #[must_use]
    pub fn with_scope(self, scope: &'static str) -> Self {
        Self { scope, ..self }
    }

    /// Opens a connection ahead of its use.
    pub fn preconnect(&self) {
        self.http.preconnect(&self.base, 1);
    }

    /// Requests an access token, for the service principal itself or on behalf of a user.
    ///
    /// # Errors
    /// `InvalidClient` if Entra does not accept the credential; otherwise, the kind of the failure.
    pub async fn token(
        &self,
        context: &RequestContext,
        principal: &ServicePrincipal,
        user: Option<&UserAssertion>,
        retry_budget: RetryBudget,
    ) -> Result<AccessToken, UpstreamError> {
        let url = self.token_url(&principal.tenant_id);
        let asked_at = self.clock.now();
        let proof = Proof::of(principal, &url, asked_at)?;
        let form =
            form::encode(&[self.grant(user), vec![("client_id", &principal.client_id)], proof.fields()].concat());
        let post = || self.http.request(Method::POST, url.clone()).header(header::CONTENT_TYPE, FORM);
        let request = || post().body(form.clone());
        let attempt = self.http.attempt(context, Upstream::Entra, retry_budget, asked_at);
        let is_federated = matches!(principal.credential, Credential::Federated(_));
        let send = async |limit| {
            let reply = self.http.send(context, Upstream::Entra, ROUTE, limit, request()).await?;
            let is_spreading = is_federated && is_unknown_federation(&reply);
            Ok(EntraReply { reply, is_spreading })
        };
        let EntraReply { reply, .. } = attempt.run(send).await?;
        if reply.status.is_success() {
            token_of(&reply, asked_at)
        } else {
            Err(error_from_response(&reply, is_federated, user.is_some()))
        }
    }

    fn grant<'f>(&self, user: Option<&'f UserAssertion>) -> Fields<'f> {
        let scope = ("scope", self.scope);
        match user {
            None => vec![("grant_type", "client_credentials"), scope],
            Some(user) => vec![
                ("grant_type", ON_BEHALF_OF),
                ("requested_token_use", "on_behalf_of"),
                ("assertion", user.expose()),
                scope,
            ],
        }
    }

    fn token_url(&self, tenant: &str) -> Url {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}/{tenant}/oauth2/v2.0/token"));
        url
    }
}

/// A reply as the retry policy sees it.
struct EntraReply {
    reply: Reply,
    /// Whether Entra does not know the federated credential. A new credential takes some time to reach all of Entra,
    /// and Microsoft recommends a retry.
    is_spreading: bool,
}

impl Answer for EntraReply {
    fn status(&self) -> StatusCode {
        self.reply.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.reply.headers
    }

    fn is_passing(&self) -> bool {
        self.is_spreading || self.reply.is_passing()
    }
}

/// The proof that the request comes from the application.
enum Proof<'p> {
    Secret(&'p str),
    Assertion(Zeroizing<String>),
}

impl<'p> Proof<'p> {
    fn of(principal: &'p ServicePrincipal, url: &Url, now: SystemTime) -> Result<Self, UpstreamError> {
        match &principal.credential {
            Credential::Secret(secret) => Ok(Self::Secret(secret.expose_secret())),
            Credential::Federated(token) => Ok(Self::Assertion(Zeroizing::new(token.expose_secret().to_owned()))),
            Credential::Certificate(certificate) => {
                let signed = certificate.assertion(&principal.client_id, url.as_str(), now);
                signed.map(Self::Assertion).map_err(|_| failed("the client assertion could not be signed"))
            }
        }
    }

    fn fields(&self) -> Fields<'_> {
        match self {
            Self::Secret(secret) => vec![("client_secret", secret)],
            Self::Assertion(signed) => vec![("client_assertion_type", ASSERTION_TYPE), ("client_assertion", signed)],
        }
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
        is_header_safe.then(|| AccessToken { value: body.access_token.into(), expiry })
    });
    token.ok_or_else(|| failed("the answer to a token request does not contain a valid token"))
}

fn failed(explanation: &str) -> UpstreamError {
    UpstreamError::new(Upstream::Entra, UpstreamErrorKind::Failed, explanation)
}
