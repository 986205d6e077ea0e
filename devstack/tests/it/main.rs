//! Tests of the stack over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod certificate;
mod client;
mod demo;
mod embed;
mod entra;
mod fabric;
mod faults;
mod federation;
mod gateway;
mod generate_token;
mod identities;
mod powerbi;
mod secrets_manager;
mod shapes;
mod stack;
mod sts;
