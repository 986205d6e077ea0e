//! The stack as others meet it: over HTTP.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod certificate;
mod client;
mod demo;
mod embed;
mod entra;
mod faults;
mod federation;
mod gateway;
mod generate_token;
mod identities;
mod manual_clock;
mod powerbi;
mod secrets_manager;
mod stack;
mod sts;
