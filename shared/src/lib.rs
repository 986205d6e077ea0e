//! Power BI dynamic binding, served from AWS Lambda: what the three functions share.
//!
//! Read it in this order. `domain` decides who may bind what, and does nothing else. `embedding` answers the requests
//! of the three routes, and calls outside systems through `ports`. `catalog`, `secrets`, `entra` and `powerbi`
//! implement those calls on top of `upstream`. `http` turns gateway events into requests to `embedding`, and its
//! answers into responses. `app` connects all parts.

mod app;
pub mod aws;
pub mod cache;
pub mod catalog;
pub mod clock;
pub mod domain;
pub mod embedding;
pub mod entra;
pub mod gateway;
pub mod http;
pub mod json;
pub mod ports;
pub mod powerbi;
pub mod request;
pub mod secrets;
pub mod settings;
pub mod spans;
pub mod store;
pub mod sts;
pub mod telemetry;
pub mod timestamp;
pub mod token_table;
pub mod upstream;
pub mod validation;

pub use app::App;
