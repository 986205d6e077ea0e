//! The scope of a token request.

use super::refusal::Refusal;

/// The one resource that this stand-in knows, as the public cloud names it.
pub(super) const POWER_BI: &str = "https://analysis.windows.net/powerbi/api";

pub(super) fn check_default_scope(scope: &str) -> Result<(), Refusal> {
    match scope.strip_suffix("/.default") {
        Some(POWER_BI) => Ok(()),
        Some(resource) if resource.starts_with("https://") => Err(Refusal::unknown_resource(resource)),
        _ => Err(Refusal::bad_scope(scope)),
    }
}
