//! Microsoft Entra ID: access tokens for Power BI.

mod client;
mod form;
mod refusal;
mod tokens;
mod wire;

pub use client::EntraClient;
pub use tokens::EntraTokens;
