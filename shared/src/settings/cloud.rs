//! Microsoft's clouds and their endpoints.

use std::str::FromStr;

use reqwest::Url;

use super::vars::Vars;

/// A Microsoft cloud that runs Power BI.
///
/// Endpoints: Power BI "Embed for national clouds" and Entra "National clouds".
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Cloud {
    /// The commercial cloud.
    #[default]
    Public,
    /// US Government Community Cloud.
    UsGov,
    /// US Government Community Cloud High.
    UsGovHigh,
    /// US Department of Defense.
    UsGovDod,
    /// China, run by 21Vianet.
    China,
}

impl FromStr for Cloud {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "public" => Ok(Self::Public),
            "usgov" => Ok(Self::UsGov),
            "usgov-high" => Ok(Self::UsGovHigh),
            "usgov-dod" => Ok(Self::UsGovDod),
            "china" => Ok(Self::China),
            _ => Err("expected one of public, usgov, usgov-high, usgov-dod, china"),
        }
    }
}

impl Cloud {
    /// Entra's authority.
    #[must_use]
    pub fn entra_url(self) -> &'static str {
        match self {
            Self::Public | Self::UsGov => "https://login.microsoftonline.com",
            Self::UsGovHigh | Self::UsGovDod => "https://login.microsoftonline.us",
            Self::China => "https://login.partner.microsoftonline.cn",
        }
    }

    /// The REST API's base.
    #[must_use]
    pub fn powerbi_url(self) -> &'static str {
        match self {
            Self::Public => "https://api.powerbi.com",
            Self::UsGov => "https://api.powerbigov.us",
            Self::UsGovHigh => "https://api.high.powerbigov.us",
            Self::UsGovDod => "https://api.mil.powerbigov.us",
            Self::China => "https://api.powerbi.cn",
        }
    }

    /// The audience of a token from another issuer that serves as an application's credential. GCC uses the Entra of
    /// the commercial cloud (Entra, "Configure an application to trust a managed identity").
    #[must_use]
    pub fn token_exchange_audience(self) -> &'static str {
        match self {
            Self::Public | Self::UsGov => "api://AzureADTokenExchange",
            Self::UsGovHigh | Self::UsGovDod => "api://AzureADTokenExchangeUSGov",
            Self::China => "api://AzureADTokenExchangeChina",
        }
    }

    /// The scope of an access token for Power BI.
    #[must_use]
    pub fn scope(self) -> &'static str {
        match self {
            Self::Public => "https://analysis.windows.net/powerbi/api/.default",
            Self::UsGov => "https://analysis.usgovcloudapi.net/powerbi/api/.default",
            Self::UsGovHigh => "https://high.analysis.usgovcloudapi.net/powerbi/api/.default",
            Self::UsGovDod => "https://mil.analysis.usgovcloudapi.net/powerbi/api/.default",
            Self::China => "https://analysis.chinacloudapi.cn/powerbi/api/.default",
        }
    }
}

/// Where Entra and Power BI are.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The cloud, which decides the scope.
    pub cloud: Cloud,
    /// Entra's authority.
    pub entra: Url,
    /// The REST API's base.
    pub powerbi: Url,
}

pub(super) fn read_endpoints(vars: &mut Vars<'_>) -> Option<Endpoints> {
    let cloud: Option<Cloud> = vars.parsed("DYNABIND_CLOUD", "public");
    let entra = vars.url("DYNABIND_ENTRA_URL", cloud.map(Cloud::entra_url));
    let powerbi = vars.url("DYNABIND_POWERBI_URL", cloud.map(Cloud::powerbi_url));
    Some(Endpoints { cloud: cloud?, entra: entra?, powerbi: powerbi? })
}
