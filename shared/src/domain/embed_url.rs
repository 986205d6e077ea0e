//! Where a page embeds an item from.

use std::fmt;
use std::str::FromStr;

/// An URL that `powerbi-client` takes as `embedUrl`, kept as Power BI gave it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EmbedUrl(String);

/// An URL that `powerbi-client` would throw at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the embed URL is not an https URL")]
pub struct EmbedUrlError;

impl FromStr for EmbedUrl {
    type Err = EmbedUrlError;

    fn from_str(text: &str) -> Result<Self, EmbedUrlError> {
        let rest = text.get(.."https://".len()).filter(|scheme| scheme.eq_ignore_ascii_case("https://"));
        let host_follows = text.as_bytes().get("https://".len()).is_some_and(u8::is_ascii_alphanumeric);
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if rest.is_some() && host_follows && is_printable { Ok(Self(text.to_owned())) } else { Err(EmbedUrlError) }
    }
}

impl fmt::Display for EmbedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
