//! The local development stack: everything that surrounds the functions, in one
//! process on loopback.
//!
//! An API Gateway emulator that reads `template.yaml`, an issuer of tokens for
//! demo callers, and strict stand-ins for Microsoft Entra ID, the Power BI REST
//! API, AWS Secrets Manager, AWS STS and the host that reports are embedded from.
//!
//! The stand-ins are written from the services' documentation and share no type
//! with the clients that they test: a wrong field name must not agree with itself.

pub mod cli;
pub mod fake_tenant;
pub mod faults;

mod calls;
mod embed;
mod entra;
mod error;
mod fake_service;
mod fake_services;
mod files;
mod gateway;
mod issuer;
mod jwt;
mod keys;
mod ledger;
mod options;
mod powerbi;
mod secrets_manager;
mod server;
mod stack;
mod sts;
mod sync;
mod template;
mod time_source;
mod tls;

pub use calls::{CallLog, RecordedCall, Service};
pub use entra::FederatedCredential;
pub use error::StartError;
pub use fake_service::FakeService;
pub use fake_services::FakeServices;
pub use faults::Fault;
pub use options::{Port, StackOptions};
pub use stack::Stack;
