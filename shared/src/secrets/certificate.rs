//! A client certificate with its private key.

use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{KeyPair as _, RSA_PSS_SHA256};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::zeroize::Zeroizing;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// A certificate with its private key.
pub struct ClientCertificate {
    key: KeyPair,
    thumbprint: String,
    not_after: SystemTime,
}

/// Why certificate and key cannot be used; none of their text is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateError {
    /// No certificate in the PEM text.
    #[error("`certificate` holds no PEM certificate")]
    NoCertificate,
    /// No private key in the PEM text.
    #[error("`privateKey` holds no PEM private key (PKCS#8 or PKCS#1)")]
    NoKey,
    /// A key that RSA signing cannot use.
    #[error("`privateKey` is not an RSA key of at least 2048 bits")]
    NotRsa,
    /// Key and certificate do not belong together.
    #[error("`privateKey` does not belong to `certificate`")]
    Mismatch,
    /// The certificate has expired.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate is not valid yet.
    #[error("the certificate is not valid yet")]
    NotYetValid,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

impl ClientCertificate {
    /// Reads both from PEM texts.
    ///
    /// # Errors
    /// Why they cannot be used at `now`.
    pub fn from_pem(certificate: &str, private_key: &str, now: SystemTime) -> Result<Self, CertificateError> {
        let der =
            CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| CertificateError::NoCertificate)?;
        let parsed = Certificate::from_der(&der).map_err(|_| CertificateError::NoCertificate)?;
        let parsed = parsed.tbs_certificate();
        let key = key_pair(private_key)?;
        let certified = parsed.subject_public_key_info().subject_public_key.raw_bytes();
        if certified != key.public_key().as_ref() {
            return Err(CertificateError::Mismatch);
        }
        let not_after = parsed.validity().not_after.to_system_time();
        if now >= not_after {
            return Err(CertificateError::Expired);
        }
        if now < parsed.validity().not_before.to_system_time() {
            return Err(CertificateError::NotYetValid);
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, &der));
        Ok(Self { key, thumbprint, not_after })
    }

    /// `x5t#S256`: the SHA-256 of the certificate, in base64url.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// The end of its validity, after which Entra refuses it.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Signs with RSASSA-PSS and SHA-256 (`PS256`).
    ///
    /// # Errors
    /// Only if the system's source of random numbers fails.
    pub fn sign_ps256(&self, message: &[u8]) -> Result<Vec<u8>, ring::error::Unspecified> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    }
}

fn key_pair(pem: &str) -> Result<KeyPair, CertificateError> {
    let der = Zeroizing::new(PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| CertificateError::NoKey)?);
    let key = match &*der {
        PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
        _ => return Err(CertificateError::NotRsa),
    };
    key.map_err(|_| CertificateError::NotRsa)
}
