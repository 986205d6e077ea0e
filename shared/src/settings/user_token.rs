//! Who gets the user's token in the organization scenario.

use std::str::FromStr;

use super::scenario::Scenario;
use super::vars::Vars;

const NAME: &str = "DYNABIND_USER_TOKEN";

/// Where the page's token comes from in the organization scenario.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserToken {
    /// The function gets it on behalf of the user and hands it to the page.
    Server,
    /// The page gets it from Entra itself; the function hands out none.
    Page,
}

impl UserToken {
    /// Refuses a choice that the scenario does not have.
    ///
    /// # Errors
    /// The remedy.
    fn check(self, scenario: Scenario) -> Result<(), &'static str> {
        if self == Self::Page && scenario == Scenario::Customers {
            return Err(
                "`page` needs DYNABIND_SCENARIO=organization: in the customers scenario there is no user token. \
                        Set DYNABIND_USER_TOKEN to `server` or remove it, or change DYNABIND_SCENARIO",
            );
        }
        Ok(())
    }
}

impl FromStr for UserToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "server" => Ok(Self::Server),
            "page" => Ok(Self::Page),
            _ => Err("expected server or page"),
        }
    }
}

pub(super) fn read_user_token(vars: &mut Vars<'_>, scenario: Option<Scenario>) -> Option<UserToken> {
    let user_token: UserToken = vars.parsed(NAME, "server")?;
    let checked = scenario.map_or(Ok(()), |scenario| user_token.check(scenario));
    checked.map_err(|remedy| vars.fault(NAME, remedy)).ok()?;
    Some(user_token)
}
