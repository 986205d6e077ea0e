//! The service principal's credentials, from AWS Secrets Manager.

mod connector;
mod credential;
mod store;

pub use credential::{Credential, ServicePrincipal};
pub use store::{CachedSecret, SecretsManager};
