//! A request for a token.

use http::HeaderMap;

use super::federation::PublishedKeys;

/// A request as it arrived.
pub(super) struct TokenRequest<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    /// The URL that the client called, which its assertion must name.
    pub(super) endpoint: &'a str,
    /// The published keys of the issuer of its assertion, if that issuer is trusted.
    pub(super) issuer_keys: Option<PublishedKeys>,
}
