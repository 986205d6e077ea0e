//! The stand-in for Microsoft Entra ID: the token endpoint of one tenant.

mod client;
mod federation;
mod form;
mod on_behalf_of;
mod refusal;
mod request;
mod scope;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, HOST};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;

use self::client::Registration;
use self::federation::PublishedKeys;
use self::form::Form;
use self::on_behalf_of::UserIssuer;
use self::refusal::Refusal;
use self::request::TokenRequest;
use self::scope::check_default_scope;
use crate::fake_tenant::{FakeTenant, same_id};
use crate::jwt;
use crate::ledger::{Audience, Bearer, Ledger};
use crate::sync::lock;
use crate::time_source::{TimeSource, unix_seconds};

pub(crate) use self::client::Certificate;
pub use self::federation::FederatedCredential;
pub(crate) use self::on_behalf_of::{Hindrance, UserIssuer as TrustedIssuer};

/// The state of the token endpoint.
#[derive(Debug)]
pub(crate) struct Entra {
    directory_id: String,
    principal_id: String,
    registration: Mutex<Registration>,
    user_issuer: UserIssuer,
    ledger: Arc<Ledger>,
    time: TimeSource,
    token_life: Mutex<Duration>,
    scheme: &'static str,
}

impl Entra {
    pub(crate) fn new(fake_tenant: &FakeTenant, setup: Setup) -> Self {
        let Setup { secret, certificate, federated, user_issuer, ledger, time, token_life, scheme } = setup;
        Self {
            directory_id: fake_tenant.directory_id.clone(),
            principal_id: fake_tenant.principal_id.clone(),
            registration: Mutex::new(Registration {
                client_id: fake_tenant.client_id.clone(),
                secrets: vec![secret],
                expired_secrets: Vec::new(),
                certificate,
                federated: vec![federated],
                seen_assertions: Vec::new(),
            }),
            user_issuer,
            ledger,
            time,
            token_life: Mutex::new(token_life),
            scheme,
        }
    }

    /// Makes `secret` the app's only client secret.
    pub(crate) fn replace_secret(&self, secret: &str) {
        lock(&self.registration).secrets = vec![secret.to_owned()];
    }

    /// Makes these the app's only federated credentials.
    pub(crate) fn replace_federated(&self, credentials: Vec<FederatedCredential>) {
        lock(&self.registration).federated = credentials;
    }

    /// Adds a client secret to the app.
    pub(crate) fn add_secret(&self, secret: &str) {
        lock(&self.registration).secrets.push(secret.to_owned());
    }

    /// Expires every client secret.
    pub(crate) fn expire_secrets(&self) {
        let mut registration = lock(&self.registration);
        let expired = std::mem::take(&mut registration.secrets);
        registration.expired_secrets.extend(expired);
    }

    /// Sets the lifetime of new tokens.
    pub(crate) fn set_token_life(&self, life: Duration) {
        *lock(&self.token_life) = life;
    }

    pub(crate) fn routes(self: Arc<Self>) -> Router {
        Router::new()
            .route("/", get(StatusCode::OK))
            .route("/{tenant}/oauth2/v2.0/token", post(token))
            .fallback(async || StatusCode::NOT_FOUND)
            .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
            .with_state(self)
    }

    fn grant(&self, tenant: &str, request: &TokenRequest<'_>) -> Result<(Audience, Bearer), Refusal> {
        self.check_tenant(tenant)?;
        let form = Form::parse(request.headers, request.body)?;
        let grant_type = form.required("grant_type")?;
        let mut registration = lock(&self.registration);
        match grant_type {
            "client_credentials" => {
                registration.authenticate(&form, request, self.time.unix())?;
                let audience = check_default_scope(form.required("scope")?)?;
                Ok((audience, Bearer::App))
            }
            on_behalf_of::GRANT_TYPE => {
                registration.authenticate(&form, request, self.time.unix())?;
                let client_id = registration.client_id.clone();
                let (audience, user) = self.user_issuer.user(&form, &client_id, self.time.unix())?;
                Ok((audience, Bearer::User(user)))
            }
            other => Err(Refusal::unsupported_grant_type(other)),
        }
    }

    /// The keys of the issuer of a client assertion, if the app trusts that issuer.
    async fn keys_of_issuer(&self, headers: &HeaderMap, body: &[u8]) -> Option<PublishedKeys> {
        let form = Form::parse(headers, body).ok()?;
        let issuer = federation::foreign_issuer(form.optional("client_assertion")?)?;
        let is_trusted = lock(&self.registration).federated.iter().any(|credential| credential.issuer == issuer);
        if is_trusted { PublishedKeys::of(&issuer).await } else { None }
    }

    fn check_tenant(&self, tenant: &str) -> Result<(), Refusal> {
        match tenant {
            // An app-only token belongs to one tenant's directory.
            "common" | "organizations" | "consumers" => Err(Refusal::no_tenant_named()),
            _ if same_id(tenant, &self.directory_id) => Ok(()),
            _ => Err(Refusal::unknown_tenant(tenant)),
        }
    }

    fn issue(&self, audience: Audience, bearer: Bearer) -> Response {
        let life = *lock(&self.token_life);
        let now = self.time.now();
        let expires = now + life;
        let subject = match &bearer {
            Bearer::App => &self.principal_id,
            Bearer::User(email) => email,
        };
        let token = jwt::opaque(&json!({
            "aud": audience.resource(),
            "iss": format!("https://sts.windows.net/{}/", self.directory_id),
            "iat": unix_seconds(now),
            "nbf": unix_seconds(now),
            "exp": unix_seconds(expires),
            "sub": subject,
            "tid": self.directory_id,
            "uti": uuid::Uuid::new_v4().simple().to_string(),
        }));
        self.ledger.issue_access(&token, audience, bearer, expires);
        let body = json!({
            "token_type": "Bearer",
            "expires_in": life.as_secs(),
            "ext_expires_in": life.as_secs(),
            "access_token": token,
        });
        ([(CACHE_CONTROL, "no-store, no-cache")], Json(body)).into_response()
    }
}

/// The parts of the stand-in for Entra, besides the tenant.
pub(crate) struct Setup {
    pub(crate) secret: String,
    pub(crate) certificate: Certificate,
    pub(crate) federated: FederatedCredential,
    pub(crate) user_issuer: UserIssuer,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) time: TimeSource,
    pub(crate) token_life: Duration,
    pub(crate) scheme: &'static str,
}

async fn token(
    State(entra): State<Arc<Entra>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or(uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    let endpoint = format!("{}://{host}{}", entra.scheme, uri.path());
    let issuer_keys = entra.keys_of_issuer(&headers, &body).await;
    let request = TokenRequest { headers: &headers, body: &body, endpoint: &endpoint, issuer_keys };
    match entra.grant(&tenant, &request) {
        Ok((audience, bearer)) => entra.issue(audience, bearer),
        Err(refusal) => refusal.response(&entra.time),
    }
}
