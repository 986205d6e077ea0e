//! The Power BI REST API: the calls that are used, and what their refusals mean.

mod challenge;
mod client;
mod error_body;
mod refusal;
mod wire;

pub use client::PowerBiClient;

/// The body of `GenerateToken` for a request, as the client sends it.
#[must_use]
pub fn generate_token_body(request: &crate::domain::TokenRequest) -> impl serde::Serialize {
    wire::GenerateTokenRequestV2::from(request)
}
