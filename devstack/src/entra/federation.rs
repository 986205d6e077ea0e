//! Federated credentials: a token of another issuer instead of the app's own credential
//! (Entra, "Workload identity federation").

use axum::body::Bytes;
use http::Uri;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::net::TcpStream;

use super::refusal::Refusal;
use crate::jwt::UnverifiedJwt;
use crate::keys::PublicKey;

/// A federated credential of the app registration. All three are compared case-sensitively.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FederatedCredential {
    /// The issuer of the tokens.
    pub issuer: String,
    /// The subject of the tokens.
    pub subject: String,
    /// The audience of the tokens.
    pub audience: String,
}

/// The keys that an issuer publishes, by their ids.
pub(super) struct PublishedKeys(Vec<(String, PublicKey)>);

impl PublishedKeys {
    /// Reads the keys that the issuer's discovery document names; `None` if they cannot be read.
    pub(super) async fn of(issuer: &str) -> Option<Self> {
        let discovery = fetched(&format!("{issuer}/.well-known/openid-configuration")).await?;
        if discovery["issuer"] != issuer {
            return None;
        }
        let keys = fetched(discovery["jwks_uri"].as_str()?).await?;
        let key = |key: &Value| {
            let text = |name: &str| key[name].as_str();
            let public = PublicKey::from_jwk(text("n")?, text("e")?)?;
            (text("kty") == Some("RSA")).then_some((text("kid")?.to_owned(), public))
        };
        Some(Self(keys["keys"].as_array()?.iter().filter_map(key).collect()))
    }

    fn verified(&self, jwt: UnverifiedJwt<'_>) -> Option<Map<String, Value>> {
        let kid = jwt.header("kid")?.to_owned();
        let (_, key) = self.0.iter().find(|(known, _)| *known == kid)?;
        jwt.verified(|message, signature| key.verifies_rs256(message, signature))
    }
}

/// The JSON document at an address. Entra allows only `https`; this stand-in uses HTTP, because all hosts are local.
async fn fetched(address: &str) -> Option<Value> {
    let uri: Uri = address.parse().ok()?;
    let authority = uri.authority()?;
    let stream = TcpStream::connect((authority.host(), authority.port_u16()?)).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let task = tokio::spawn(connection);
    let request = http::Request::get(uri.path()).header("host", authority.as_str()).body(Empty::<Bytes>::new()).ok()?;
    let response = sender.send_request(request).await.ok()?;
    let is_success = response.status().is_success();
    let body = response.into_body().collect().await.ok()?.to_bytes();
    task.abort();
    serde_json::from_slice(&body).ok().filter(|_| is_success)
}

/// The issuer in an assertion; `None` if the app itself is the issuer.
pub(super) fn foreign_issuer(assertion: &str) -> Option<String> {
    let jwt = UnverifiedJwt::parse(assertion)?;
    let is_own = jwt.header("x5t#S256").is_some() || jwt.header("x5t").is_some();
    if is_own { None } else { Some(jwt.unverified_claim("iss").unwrap_or_default().to_owned()) }
}

/// Accepts another issuer's token if it matches one of the app's federated credentials.
pub(super) fn check(
    credentials: &[FederatedCredential],
    keys: Option<&PublishedKeys>,
    client_id: &str,
    assertion: &str,
    now: u64,
) -> Result<(), Refusal> {
    let jwt = UnverifiedJwt::parse(assertion).ok_or_else(|| Refusal::bad_assertion("not a JSON Web Token"))?;
    let algorithm = jwt.header("alg").unwrap_or_default();
    if algorithm != "RS256" {
        return Err(Refusal::unsupported_algorithm(algorithm));
    }
    if credentials.is_empty() {
        return Err(Refusal::no_federated_credential(client_id));
    }
    let issuer = jwt.unverified_claim("iss").unwrap_or_default().to_owned();
    let fitting = narrowed(credentials.iter(), "issuer", &issuer, |credential| &credential.issuer)?;
    let keys = keys.ok_or_else(Refusal::unreachable_issuer)?;
    let claims = keys.verified(jwt).ok_or_else(Refusal::unverifiable_assertion)?;
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).unwrap_or_default();
    let fitting = narrowed(fitting.into_iter(), "audience", text("aud"), |credential| &credential.audience)?;
    narrowed(fitting.into_iter(), "subject", text("sub"), |credential| &credential.subject)?;
    let time = |claim: &str| claims.get(claim).and_then(Value::as_u64);
    let has_begun = ["nbf", "iat"].iter().filter_map(|claim| time(claim)).all(|begins| begins <= now);
    if has_begun && time("exp").is_some_and(|expires| expires > now) {
        Ok(())
    } else {
        Err(Refusal::assertion_out_of_time())
    }
}

/// The credentials with this value in a field. Refuses the token if there are none.
fn narrowed<'c>(
    credentials: impl Iterator<Item = &'c FederatedCredential>,
    field: &str,
    value: &str,
    of: fn(&FederatedCredential) -> &String,
) -> Result<Vec<&'c FederatedCredential>, Refusal> {
    let fitting: Vec<_> = credentials.filter(|credential| of(credential) == value).collect();
    if fitting.is_empty() { Err(Refusal::no_matching_federation(field, value)) } else { Ok(fitting) }
}
