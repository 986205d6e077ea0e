//! The token issuer of the demo's callers.

mod users;

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use self::users::{User, demo_users, hindered};

use crate::error::StartError;
use crate::jwt;
use crate::keys::{PublicKey, SigningKey};
use crate::time_source::TimeSource;

/// The lifetime of a caller's token, in seconds.
const TOKEN_LIFE: u64 = 3600;

/// Signs tokens for demo callers, and publishes the key to verify them.
#[derive(Clone)]
pub(crate) struct Issuer {
    url: String,
    audience: String,
    scope: String,
    key: SigningKey,
    kid: String,
    users: Arc<Vec<User>>,
    time: TimeSource,
}

/// Faults of a token, to test its refusal.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct TokenQuery {
    user: Option<String>,
    /// If present, with any value: an expired token.
    expired: Option<String>,
    /// Another audience.
    aud: Option<String>,
    /// A scope instead of the one that the API requires.
    scope: Option<String>,
}

impl Issuer {
    pub(crate) fn new(setup: Setup) -> Result<Self, StartError> {
        let Setup { url, audience, scope, users, time } = setup;
        let key = SigningKey::of_issuer()?;
        let kid = Uuid::new_v4().to_string();
        Ok(Self { url, audience, scope, key, kid, users: Arc::new(users), time })
    }

    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks.json", get(jwks))
            .route("/dev/token", get(token))
            .route("/dev/users", get(users))
            .with_state(self)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.key.public()
    }

    /// The published keys.
    pub(crate) fn jwks(&self) -> Value {
        let key = self.key.public();
        json!({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": key.n(), "e": key.e(),
        }]})
    }

    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The claims of a valid token for a caller.
    pub(crate) fn claims(&self, user: &User) -> Value {
        let now = self.time.unix();
        let mut claims = json!({
            "iss": self.url,
            "aud": self.audience,
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_LIFE,
            "jti": Uuid::new_v4(),
            "scope": self.scope,
        });
        for (name, value) in user.claims() {
            claims[name] = value;
        }
        claims
    }

    /// Signs any claims, valid or not.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        jwt::sign(&self.key, &self.kid, claims)
    }

    fn spoilt(&self, mut claims: Value, query: &TokenQuery) -> Value {
        if query.expired.is_some() {
            let past = self.time.unix() - TOKEN_LIFE;
            claims["iat"] = json!(past - TOKEN_LIFE);
            claims["nbf"] = json!(past - TOKEN_LIFE);
            claims["exp"] = json!(past);
        }
        if let Some(audience) = &query.aud {
            claims["aud"] = json!(audience);
        }
        if let Some(scope) = &query.scope {
            claims["scope"] = json!(scope);
        }
        claims
    }
}

/// The parts of an issuer.
pub(crate) struct Setup {
    pub(crate) url: String,
    pub(crate) audience: String,
    pub(crate) scope: String,
    pub(crate) users: Vec<User>,
    pub(crate) time: TimeSource,
}

async fn discovery(State(issuer): State<Issuer>) -> Json<Value> {
    Json(json!({
        "issuer": issuer.url,
        "jwks_uri": format!("{}/jwks.json", issuer.url),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn jwks(State(issuer): State<Issuer>) -> Json<Value> {
    Json(issuer.jwks())
}

async fn token(State(issuer): State<Issuer>, Query(query): Query<TokenQuery>) -> Response {
    let user = query.user.as_deref().unwrap_or_default();
    if let Some(user) = issuer.user(user) {
        let claims = issuer.spoilt(issuer.claims(user), &query);
        return issuer.sign(&claims).into_response();
    }
    let names: Vec<_> = issuer.users.iter().map(|user| user.name.as_str()).collect();
    let text = format!("unknown user '{user}'; give ?user= one of {}\n", names.join(", "));
    (StatusCode::NOT_FOUND, text).into_response()
}

async fn users(State(issuer): State<Issuer>) -> Json<Value> {
    Json(json!({ "users": issuer.users.as_slice() }))
}
