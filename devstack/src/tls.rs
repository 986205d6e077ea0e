//! Certificates for loopback listeners.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData,
};
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::StartError;
use crate::keys::SigningKey;

/// A certificate authority of one process, for `https` upstreams.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, StartError> {
        let key = KeyPair::generate().map_err(fault)?;
        let mut params = named("Dynabind development authority", Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).map_err(fault)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// The authority's certificate, for `SSL_CERT_FILE`.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// A configuration for a server on loopback.
    pub(crate) fn server(&self) -> Result<Arc<ServerConfig>, StartError> {
        let key = KeyPair::generate().map_err(fault)?;
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = named("localhost", names)?.signed_by(&key, &self.issuer).map_err(fault)?;
        server_config(certificate.der().clone(), &key, &[b"h2", b"http/1.1"])
    }
}

/// A configuration for a server that replaces `host` in a browser, and the fingerprint of its public key.
pub(crate) fn self_signed(host: &str) -> Result<(Arc<ServerConfig>, String), StartError> {
    let key = KeyPair::generate().map_err(fault)?;
    let certificate = named(host, vec![host.to_owned()])?.self_signed(&key).map_err(fault)?;
    let fingerprint = STANDARD.encode(digest(&SHA256, &key.subject_public_key_info()));
    Ok((server_config(certificate.der().clone(), &key, &[b"http/1.1"])?, fingerprint))
}

/// A certificate with an RSA key, for an app registration.
pub(crate) fn client_certificate(key: &SigningKey) -> Result<rcgen::Certificate, StartError> {
    let pair = KeyPair::from_pem(key.pem()).map_err(fault)?;
    named("dynabind", Vec::new())?.self_signed(&pair).map_err(fault)
}

fn named(name: &str, alternatives: Vec<String>) -> Result<CertificateParams, StartError> {
    let mut params = CertificateParams::new(alternatives).map_err(fault)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn server_config(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, StartError> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(fault)?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

fn fault(error: impl std::fmt::Display) -> StartError {
    StartError::Certificate(error.to_string())
}
