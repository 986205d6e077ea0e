//! Settings: environment variables, read once at start.

mod aws;
mod catalog_source;
mod cloud;
mod collector;
mod credential;
mod definition;
mod redact;
mod scenario;
mod token_store;
mod user_token;
mod vars;

pub use aws::Aws;
pub use catalog_source::CatalogSource;
pub use cloud::{Cloud, Endpoints};
pub use collector::Collector;
pub use credential::{CredentialSource, Federation};
pub use definition::Settings;
pub use scenario::Scenario;
pub use token_store::TokenStore;
pub use user_token::UserToken;
pub use vars::Variable;
