//! The documents of the token issuer. Its host is not that of the API.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use crate::keys::PublicKey;

/// The id of the RSA key, in the form that AWS uses.
pub(crate) const KEY_ID: &str = "RSA_0";

/// Publishes the discovery document and the keys of an issuer.
pub(crate) fn routes(issuer: &str, key: &PublicKey) -> Router {
    let discovery = Arc::new(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES384"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti", "https://sts.amazonaws.com/"],
    }));
    let keys = Arc::new(json!({
        "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": key.n(), "e": key.e() }],
    }));
    Router::new()
        .route("/.well-known/openid-configuration", get(async move || Json((*discovery).clone())))
        .route("/.well-known/jwks.json", get(async move || Json((*keys).clone())))
        .fallback(async || StatusCode::NOT_FOUND)
}
