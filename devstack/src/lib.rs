//! The local development stack: the functions and everything around them, in one process on loopback.
//!
//! The stack has an API Gateway emulator that reads `template.yaml`, an issuer of tokens for
//! demo callers, and strict stand-ins for Microsoft Entra ID, the Power BI and
//! Fabric REST APIs, AWS Secrets Manager, AWS STS and the host that reports are embedded from.
//!
//! The stand-ins are written from the services' documentation. They share no type with the clients that they test.
//! Otherwise a wrong field name would be the same on both sides, and no test would fail.

pub mod cli;
pub mod fake_tenant;
pub mod faults;

mod calls;
mod embed;
mod entra;
mod error;
mod fabric;
mod fake_service;
mod fake_services;
mod files;
mod gateway;
mod issuer;
mod jwt;
mod keys;
mod ledger;
mod live;
mod local_only;
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
mod yaml;

pub use calls::{CallLog, RecordedCall, Service};
pub use entra::FederatedCredential;
pub use error::StartError;
pub use fake_service::FakeService;
pub use fake_services::FakeServices;
pub use faults::Fault;
pub use live::Live;
pub use options::{Port, StackOptions};
pub use stack::Stack;
pub use yaml::read as read_yaml;
