//! Client assertions: what the owner of a certificate sends in place of a secret
//! (Entra, "Microsoft identity platform application authentication certificate
//! credentials").

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::error::Unspecified;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::zeroize::Zeroizing;
use serde_json::json;
use uuid::Builder;

use super::certificate::ClientCertificate;

/// The documentation recommends 5 to 10 minutes.
const LIFE: Duration = Duration::from_mins(5);

impl ClientCertificate {
    /// Signs an assertion for one token request to `token_url`.
    ///
    /// # Errors
    /// Only if the system's source of random numbers fails.
    pub fn assertion(
        &self,
        client_id: &str,
        token_url: &str,
        now: SystemTime,
    ) -> Result<Zeroizing<String>, Unspecified> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint() });
        let claims = json!({
            "aud": token_url,
            "iss": client_id,
            "sub": client_id,
            "jti": fresh_guid()?,
            "iat": now.as_secs(),
            "nbf": now.as_secs(),
            "exp": (now + LIFE).as_secs(),
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.sign_ps256(signed.as_bytes())?;
        Ok(Zeroizing::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

fn fresh_guid() -> Result<String, Unspecified> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(Builder::from_random_bytes(bytes).into_uuid().to_string())
}
