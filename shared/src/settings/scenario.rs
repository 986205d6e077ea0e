//! Who signs in to Power BI.

use std::str::FromStr;

/// Who signs in to Power BI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scenario {
    /// Embed for your customers: the service principal signs in, and pages get embed tokens.
    Customers,
    /// Embed for your organization: the user signs in, and pages get the user's own token.
    Organization,
}

impl FromStr for Scenario {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "customers" => Ok(Self::Customers),
            "organization" => Ok(Self::Organization),
            _ => Err("expected customers or organization"),
        }
    }
}
