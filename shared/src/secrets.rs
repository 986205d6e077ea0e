//! The service principal, from a secret in AWS Secrets Manager or proved by AWS STS.

mod assertion;
mod certificate;
mod credential;
mod federated;
mod source;
mod store;

pub use certificate::{CertificateError, ClientCertificate};
pub use credential::{Credential, ServicePrincipal};
pub use federated::FederatedPrincipal;
pub use source::PrincipalSource;
pub use store::{CachedSecret, Secret, SecretStore, SecretsManager};
