//! The URLs from which pages embed items.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A URL that `powerbi-client` accepts as `embedUrl`, exactly as Power BI gave it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EmbedUrl(String);

/// A URL for which `powerbi-client` would throw an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EmbedUrlError {
    /// The token would be sent unencrypted.
    #[error("the embed URL is not an https URL")]
    NotHttps,
    /// The host does not belong to Power BI.
    #[error("powerbi-client would refuse the embed URL: its host does not belong to Power BI; check DYNABIND_CLOUD")]
    Host,
}

/// Subdomains of these belong to Power BI (`powerbi-client` 2.24.1).
const DOMAINS: [&str; 4] =
    [".powerbi.com", ".fabric.microsoft.com", ".analysis.windows-int.net", ".analysis-df.windows.net"];

/// These hosts belong to Power BI too, but their subdomains do not.
const HOSTS: [&str; 8] = [
    "app.powerbi.cn",
    "app.powerbigov.us",
    "app.mil.powerbigov.us",
    "app.high.powerbigov.us",
    "app.canaryhigh.powerbigov.us",
    "app.powerbi.sovcloud-api.fr",
    "app.powerbi.eaglex.ic.gov",
    "app.powerbi.microsoft.scloud",
];

impl FromStr for EmbedUrl {
    type Err = EmbedUrlError;

    fn from_str(text: &str) -> Result<Self, EmbedUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(EmbedUrlError::NotHttps)?;
        if !scheme.eq_ignore_ascii_case("https") || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(EmbedUrlError::NotHttps);
        }
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        let is_under = |domain: &&str| host.len() > domain.len() && host.ends_with(*domain);
        if !authority.contains('@') && is_name && (DOMAINS.iter().any(is_under) || HOSTS.contains(&host.as_str())) {
            Ok(Self(text.to_owned()))
        } else {
            Err(EmbedUrlError::Host)
        }
    }
}

impl fmt::Display for EmbedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for EmbedUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Reading checks the text: it fails for a URL that `powerbi-client` does not accept.
impl<'de> Deserialize<'de> for EmbedUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_client_takes_is_handed_out() {
        for (url, expected) in [
            ("https://app.powerbi.com/reportEmbed?reportId=1", Ok(())),
            ("https://app.powerbi.com:8443/rdlEmbed", Ok(())),
            ("HTTPS://WABI.POWERBI.COM/x", Ok(())),
            ("https://app.fabric.microsoft.com/x", Ok(())),
            ("https://app.powerbi.cn/x", Ok(())),
            ("https://app.high.powerbigov.us/x", Ok(())),
            ("http://app.powerbi.com/x", Err(EmbedUrlError::NotHttps)),
            ("//app.powerbi.com/x", Err(EmbedUrlError::NotHttps)),
            ("javascript:alert(1)", Err(EmbedUrlError::NotHttps)),
            ("", Err(EmbedUrlError::NotHttps)),
            ("https://powerbi.com/x", Err(EmbedUrlError::Host)),
            ("https://evil-powerbi.com/x", Err(EmbedUrlError::Host)),
            ("https://localhost/x", Err(EmbedUrlError::Host)),
            ("https://msit.powerbi.cn/x", Err(EmbedUrlError::Host)),
            ("https://app.powerbi.com@evil.example/x", Err(EmbedUrlError::Host)),
            ("https://evil.example\\.powerbi.com/x", Err(EmbedUrlError::Host)),
            ("https://evil.example?.powerbi.com", Err(EmbedUrlError::Host)),
        ] {
            assert_eq!(url.parse::<EmbedUrl>().map(drop), expected, "{url}");
        }
    }
}
