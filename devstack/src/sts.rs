//! The AWS STS stand-in: `GetWebIdentityToken` in the Query protocol, and the documents of its token issuer.

mod answer;
mod issuer;
mod request;
mod sigv4;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};
use uuid::Uuid;

use self::answer::Refusal;
use self::request::TokenRequest;
use self::sigv4::SignedRequest;
use crate::jwt;
use crate::keys::SigningKey;
use crate::time_source::TimeSource;

pub(crate) use self::issuer::routes as issuer_routes;
pub(crate) use self::sigv4::{AccessKey, REGION};

/// The account of the one role of this stand-in.
const ACCOUNT: &str = "123456789012";

/// The role of the functions, as the account writes it.
pub(crate) const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/dynabind-dev-Functions";

/// The audience that the role's policy allows (the public cloud's).
pub(crate) const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The longest life that the role's policy allows, in seconds.
const LONGEST_ALLOWED: u64 = 300;

/// One account with one role.
pub(crate) struct Sts {
    issuer: String,
    key: SigningKey,
    access_key: AccessKey,
    time: TimeSource,
    /// Whether outbound web identity federation is switched on in the account.
    is_enabled: AtomicBool,
    has_expired_access_key: AtomicBool,
}

impl Sts {
    pub(crate) fn new(issuer: String, key: SigningKey, access_key: AccessKey, time: TimeSource) -> Self {
        let (is_enabled, has_expired_access_key) = (AtomicBool::new(true), AtomicBool::new(false));
        Self { issuer, key, access_key, time, is_enabled, has_expired_access_key }
    }

    /// The issuer of the tokens, without a slash at the end.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Switches the account's outbound federation on or off.
    pub(crate) fn enable(&self, enabled: bool) {
        self.is_enabled.store(enabled, Ordering::Relaxed);
    }

    /// Ends the session of the role's credentials.
    pub(crate) fn expire_access_key(&self) {
        self.has_expired_access_key.store(true, Ordering::Relaxed);
    }

    pub(crate) fn routes(self: Arc<Self>) -> Router {
        Router::new()
            .route("/", get(async || Redirect::to("https://aws.amazon.com/iam")).post(call))
            .fallback(any(async || Refusal::unknown_path()))
            .with_state(self)
    }

    fn answer(&self, request: &SignedRequest<'_>) -> Result<Response, Refusal> {
        request.verify(&self.access_key, self.time.now())?;
        if self.has_expired_access_key.load(Ordering::Relaxed) {
            return Err(Refusal::expired_access_key());
        }
        let wanted = TokenRequest::parse(request.headers, request.body)?;
        if !is_allowed(&wanted) {
            return Err(Refusal::access_denied());
        }
        if !self.is_enabled.load(Ordering::Relaxed) {
            return Err(Refusal::federation_disabled());
        }
        let now = self.time.unix();
        let token = jwt::sign(&self.key, issuer::KEY_ID, &self.claims(&wanted, now));
        Ok(answer::token(&token, now + wanted.duration_seconds))
    }

    /// The claims that the user guide documents for a Lambda function's role; there is no `nbf`.
    fn claims(&self, wanted: &TokenRequest, now: u64) -> Value {
        let audience = match wanted.audience.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        json!({
            "iss": self.issuer,
            "aud": audience,
            "sub": ROLE_ARN,
            "iat": now,
            "exp": now + wanted.duration_seconds,
            "jti": Uuid::new_v4(),
            "https://sts.amazonaws.com/": { "aws_account": ACCOUNT, "source_region": REGION },
        })
    }
}

/// What the role's policy in `template.yaml` allows.
fn is_allowed(wanted: &TokenRequest) -> bool {
    wanted.audience.iter().all(|audience| audience == AUDIENCE)
        && wanted.signing_algorithm == "RS256"
        && wanted.duration_seconds <= LONGEST_ALLOWED
}

async fn call(State(sts): State<Arc<Sts>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let request = SignedRequest { method: "POST", uri: &uri, headers: &headers, body: &body };
    sts.answer(&request).unwrap_or_else(IntoResponse::into_response)
}
