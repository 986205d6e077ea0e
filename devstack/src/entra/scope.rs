//! The scope of a token request.

use super::refusal::Refusal;
use crate::ledger::Audience;

/// The resources that this stand-in knows, by their names in the public cloud.
pub(super) const POWER_BI: &str = "https://analysis.windows.net/powerbi/api";
const FABRIC: &str = "https://api.fabric.microsoft.com";

impl Audience {
    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::PowerBi => POWER_BI,
            Self::Fabric => FABRIC,
        }
    }
}

pub(super) fn check_default_scope(scope: &str) -> Result<Audience, Refusal> {
    match scope.strip_suffix("/.default") {
        Some(POWER_BI) => Ok(Audience::PowerBi),
        Some(FABRIC) => Ok(Audience::Fabric),
        Some(resource) if resource.starts_with("https://") => Err(Refusal::unknown_resource(resource)),
        _ => Err(Refusal::bad_scope(scope)),
    }
}
