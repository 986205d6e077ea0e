//! Events of API Gateway: the request they carry, and the claims that an authorizer has verified.
//!
//! Nothing else in the crate reads an event, so this is the only source of [`VerifiedClaims`].

mod claims;
mod event;
mod payload;

pub use claims::VerifiedClaims;
pub use event::GatewayEvent;
