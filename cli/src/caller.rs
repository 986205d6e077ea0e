//! The caller whose claims are given on the command line.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use dynabind::domain::{Caller, CallerError};
use dynabind::gateway::GatewayEvent;
use serde_json::{Map, Value, json};

/// Claims of a caller.
#[derive(Args, Clone, Debug, Default)]
pub struct CallerArguments {
    /// A JSON file with the caller's claims.
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// One claim; may be repeated, and overrides the file. A value that is a JSON array or object is read as JSON.
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = one_claim)]
    pub claim: Vec<(String, Value)>,
    /// The claim that names the caller's tenant.
    #[arg(long, value_name = "NAME", env = "DYNABIND_TENANT_CLAIM", default_value = "tenant")]
    pub tenant_claim: String,
    /// The claim that lists the caller's groups.
    #[arg(long, value_name = "NAME", env = "DYNABIND_GROUPS_CLAIM", default_value = "groups")]
    pub groups_claim: String,
}

fn one_claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let parsed = serde_json::from_str(value).ok().filter(|value: &Value| value.is_array() || value.is_object());
    Ok((name.to_owned(), parsed.unwrap_or_else(|| value.into())))
}

impl CallerArguments {
    /// The claims of the file and of the arguments, merged.
    ///
    /// # Errors
    /// The error says why the file cannot be used.
    pub fn read(&self) -> Result<Map<String, Value>, String> {
        let mut claims = match &self.claims {
            Some(path) => {
                let shown = path.display();
                let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
                serde_json::from_str(&text)
                    .map_err(|error| format!("{shown}: expected a JSON object of claims ({error})"))?
            }
            None => Map::new(),
        };
        claims.extend(self.claim.iter().cloned());
        Ok(claims)
    }

    /// The caller with these claims.
    ///
    /// # Errors
    /// The error says why the claims identify no caller.
    pub fn caller(&self, claims: &Map<String, Value>) -> Result<Caller, CallerError> {
        caller(claims, &self.tenant_claim, &self.groups_claim)
    }
}

/// The caller with these claims, read as from a gateway's event.
///
/// # Errors
/// The error says why the claims identify no caller.
pub fn caller(claims: &Map<String, Value>, tenant_claim: &str, groups_claim: &str) -> Result<Caller, CallerError> {
    // A Lambda authorizer's context keeps the types that claims have in the token.
    let context = json!({ "http": { "method": "POST", "path": "/" }, "authorizer": { "lambda": claims } });
    let event = json!({ "version": "2.0", "rawPath": "/", "headers": {}, "requestContext": context });
    let event: Option<GatewayEvent> = serde_json::from_str(&event.to_string()).ok();
    let verified = event.and_then(GatewayEvent::into_claims).ok_or(CallerError::NoSubject)?;
    Caller::new(verified, tenant_claim, groups_claim)
}

/// The claims of a JWT. Its signature is not verified.
///
/// # Errors
/// The error says why the text is not a JWT.
pub fn claims_of_jwt(token: &str) -> Result<Map<String, Value>, String> {
    let payload =
        token.trim().split('.').nth(1).ok_or("expected a JWT: header, payload and signature, separated by dots")?;
    let bytes =
        URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| "the JWT's payload is not base64url")?;
    serde_json::from_slice(&bytes).map_err(|_| "the JWT's payload is not a JSON object".to_owned())
}
