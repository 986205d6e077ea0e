//! Gateway events of every kind of authorizer, with a caller's claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::oracle::flat;

/// The kind of authorizer, and the place of the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// An HTTP API's JWT authorizer, with the token in the `Authorization` header.
    HttpJwt,
    /// An HTTP API's JWT authorizer, in payload format 1.0.
    HttpJwtFormat1,
    /// An HTTP API's JWT authorizer, without the token in the event.
    HttpJwtWithoutToken,
    /// An HTTP API's JWT authorizer, with an unverified token in the header.
    HttpJwtForged,
    /// An HTTP API's JWT authorizer, with an unverified token in which only the groups differ from the verified one.
    HttpJwtForgedGroups,
    /// A Lambda authorizer of an HTTP API: claims keep their types.
    HttpLambda,
    /// A JWT or Cognito authorizer of a REST API.
    Rest,
    /// A Lambda authorizer of a REST API, whose subject is the `principalId`.
    RestLambda,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::HttpJwt,
        Self::HttpJwtFormat1,
        Self::HttpJwtWithoutToken,
        Self::HttpJwtForged,
        Self::HttpJwtForgedGroups,
        Self::HttpLambda,
        Self::Rest,
        Self::RestLambda,
    ];

    fn authorizer(self, claims: &Value) -> Value {
        match self {
            Self::HttpJwt | Self::HttpJwtWithoutToken | Self::HttpJwtForged | Self::HttpJwtForgedGroups => {
                json!({ "jwt": { "claims": flattened(claims), "scopes": null } })
            }
            Self::HttpJwtFormat1 => json!({ "claims": flattened(claims), "scopes": null }),
            Self::HttpLambda => json!({ "lambda": claims }),
            Self::Rest => json!({ "claims": claims }),
            Self::RestLambda => {
                let mut context = claims.clone();
                let subject = context.as_object_mut().and_then(|context| context.remove("sub"));
                context["principalId"] = subject.unwrap_or_default();
                context
            }
        }
    }

    fn bearer(self, claims: &Value) -> Option<String> {
        match self {
            Self::HttpJwt | Self::HttpJwtFormat1 => Some(token(claims)),
            Self::HttpJwtForged => {
                let mut forged = with_every_group(claims);
                forged["sub"] = json!("somebody-else");
                Some(token(&forged))
            }
            Self::HttpJwtForgedGroups => Some(token(&with_every_group(claims))),
            _ => None,
        }
    }
}

/// The claims with all groups of the tests.
fn with_every_group(claims: &Value) -> Value {
    let mut forged = claims.clone();
    forged["groups"] = json!(["g0", "g1", "g2", "analysts"]);
    forged
}

/// A token with an invalid signature, which only the gateway would check.
fn token(claims: &Value) -> String {
    format!("Bearer eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn flattened(claims: &Value) -> Value {
    let claims = claims.as_object().into_iter().flatten();
    Value::Object(claims.map(|(name, value)| (name.clone(), flat(value).into())).collect::<Map<_, _>>())
}

/// The event of a `POST` with this body.
#[must_use]
pub fn post(kind: Kind, function: &str, claims: &Value, body: &Value) -> Value {
    let mut headers = json!({ "content-type": "application/json" });
    if let Some(bearer) = kind.bearer(claims) {
        headers["authorization"] = bearer.into();
    }
    let (path, authorizer) = (format!("/{function}"), kind.authorizer(claims));
    match kind {
        Kind::HttpJwt
        | Kind::HttpJwtWithoutToken
        | Kind::HttpJwtForged
        | Kind::HttpJwtForgedGroups
        | Kind::HttpLambda => json!({
            "version": "2.0", "routeKey": format!("POST {path}"), "rawPath": path, "rawQueryString": "",
            "headers": headers, "isBase64Encoded": false, "body": body.to_string(),
            "requestContext": {
                "authorizer": authorizer, "requestId": "r", "stage": "$default", "timeEpoch": 0,
                "http": { "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1" },
            },
        }),
        Kind::HttpJwtFormat1 | Kind::Rest | Kind::RestLambda => {
            let mut event = json!({
                "resource": path, "path": path, "httpMethod": "POST", "headers": headers, "multiValueHeaders": {},
                "isBase64Encoded": false, "body": body.to_string(),
                "requestContext": {
                    "authorizer": authorizer, "requestId": "r", "stage": "prod", "httpMethod": "POST", "path": path,
                    "identity": { "sourceIp": "192.0.2.1" },
                },
            });
            if kind == Kind::HttpJwtFormat1 {
                event["version"] = "1.0".into();
            }
            event
        }
    }
}
