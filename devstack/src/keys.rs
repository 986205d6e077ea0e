//! RSA keys, generated for each process.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use getrandom::SysRng;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::rand_core::UnwrapErr;

use crate::error::StartError;

const BITS: usize = 2048;

/// A private key with its public parts.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pair: Arc<RsaKeyPair>,
    pkcs8_pem: String,
}

impl SigningKey {
    /// The key of the token issuer: one for each process, because generating one is slow.
    pub(crate) fn of_issuer() -> Result<Self, StartError> {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        once(&KEY)
    }

    /// The key of the service principal's certificate: one for each process.
    pub(crate) fn of_certificate() -> Result<Self, StartError> {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        once(&KEY)
    }

    /// The key that signs the tokens of AWS STS: one for each process.
    pub(crate) fn of_sts() -> Result<Self, StartError> {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        once(&KEY)
    }

    fn generate() -> Result<Self, StartError> {
        let fault = |error: &dyn std::fmt::Display| StartError::Key(error.to_string());
        let key = PrivateKey::new(&mut UnwrapErr(SysRng), BITS).map_err(|e| fault(&e))?;
        let der = key.to_pkcs8_der().map_err(|e| fault(&e))?;
        let pair = RsaKeyPair::from_pkcs8(der.as_bytes()).map_err(|e| fault(&e))?;
        let pkcs8_pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| fault(&e))?.to_string();
        Ok(Self { pair: Arc::new(pair), pkcs8_pem })
    }

    /// The private key as PKCS#8 in PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pkcs8_pem
    }

    /// Signs with RS256.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        if signed.is_err() {
            // An empty signature is never valid.
            signature.clear();
        }
        signature
    }

    /// The public half.
    pub(crate) fn public(&self) -> PublicKey {
        let components = RsaPublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        PublicKey { modulus: components.n, exponent: components.e }
    }
}

fn once(cell: &OnceLock<SigningKey>) -> Result<SigningKey, StartError> {
    if let Some(key) = cell.get() {
        return Ok(key.clone());
    }
    let key = SigningKey::generate()?;
    Ok(cell.get_or_init(|| key).clone())
}

/// A public key in the format of a JWKS.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl PublicKey {
    /// Reads the `n` and `e` of a JSON Web Key.
    pub(crate) fn from_jwk(n: &str, e: &str) -> Option<Self> {
        let modulus = URL_SAFE_NO_PAD.decode(n).ok()?;
        let exponent = URL_SAFE_NO_PAD.decode(e).ok()?;
        Some(Self { modulus, exponent })
    }

    /// The `n` of a JSON Web Key.
    pub(crate) fn n(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.modulus)
    }

    /// The `e` of a JSON Web Key.
    pub(crate) fn e(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.exponent)
    }

    /// Whether this is an RS256 signature of the message.
    pub(crate) fn verifies_rs256(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }

    /// Whether this is a PS256 signature of the message.
    pub(crate) fn verifies_ps256(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(&RSA_PSS_2048_8192_SHA256, message, signature).is_ok()
    }
}
