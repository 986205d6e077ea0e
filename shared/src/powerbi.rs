//! The Power BI REST API: four calls, and what their refusals mean.

mod challenge;
mod client;
mod error_body;
mod refusal;
mod wire;

pub use client::PowerBiClient;
