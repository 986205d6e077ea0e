//! The service principal's credentials, from AWS Secrets Manager.

mod assertion;
mod certificate;
mod credential;
mod store;

pub use certificate::{CertificateError, ClientCertificate};
pub use credential::{Credential, ServicePrincipal};
pub use store::{CachedSecret, SecretsManager};
