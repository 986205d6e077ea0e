//! The service principal, with a credential from AWS Secrets Manager or from AWS STS.

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
