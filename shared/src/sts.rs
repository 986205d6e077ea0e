//! AWS STS: tokens that tell others which role this function has.

mod client;
mod refusal;
mod wire;

pub use client::{IdentityToken, StsClient};
