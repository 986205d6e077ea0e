//! Who signs in to Power BI, as in the functions' settings.

use clap::Args;
use dynabind::settings::{Scenario, UserToken};

/// Who signs in to Power BI.
#[derive(Args, Clone, Copy, Debug)]
pub struct ScenarioArguments {
    /// The scenario: customers (embed tokens of the service principal) or organization (the users' own tokens).
    #[arg(long, value_name = "SCENARIO", env = "DYNABIND_SCENARIO", default_value = "customers")]
    pub scenario: Scenario,
    /// In the organization scenario: who gets the user's token from Entra, server or page.
    #[arg(long, value_name = "WHO", env = "DYNABIND_USER_TOKEN", default_value = "server")]
    pub user_token: UserToken,
}

impl Default for ScenarioArguments {
    fn default() -> Self {
        Self { scenario: Scenario::Customers, user_token: UserToken::Server }
    }
}

impl ScenarioArguments {
    /// Whether users sign in to Power BI themselves.
    #[must_use]
    pub fn is_organization(self) -> bool {
        self.scenario == Scenario::Organization
    }

    /// Refuses the combinations that the functions refuse.
    ///
    /// # Errors
    /// The error says which option is missing.
    pub fn check(self) -> Result<(), String> {
        if self.user_token == UserToken::Page && !self.is_organization() {
            return Err("--user-token page needs --scenario organization".to_owned());
        }
        Ok(())
    }
}
