//! AWS STS: tokens that prove to other services which role this function has.

mod client;
mod refusal;
mod wire;

pub use client::{IdentityToken, StsClient};
