//! The organization scenario: Power BI is called on behalf of a user, and no embed token is made.

use std::path::Path;
use std::sync::Arc;

use dynabind::domain::{AccessToken, UserAssertion};
use dynabind::request::RequestContext;
use dynabind::settings::UserToken;
use dynabind::upstream::UpstreamError;
use serde_json::{Map, Value};

use super::arguments::Options;
use super::finding::{About, Fault, Findings};
use super::run::SignedIn;
use crate::caller::claims_of_jwt;
use crate::connection::Connection;

/// Signs the user in. Without a user's token, only the catalog itself and the schemas can be checked.
///
/// # Errors
/// The error says why it could not be checked.
pub(super) async fn sign_in(
    connection: &Connection,
    options: &Options,
    claims: Map<String, Value>,
    access: AccessToken,
    findings: &mut Findings,
) -> Result<Option<SignedIn>, String> {
    not_made(connection, options, findings);
    let Some(path) = &options.user_jwt else {
        let because = "they depend on the rights of each user, and no user's token is given; give --user-jwt FILE";
        findings.skip(&About::default(), "reports, datasets and capacities", because);
        return Ok(Some(SignedIn { claims, access, user: None }));
    };
    let (claims, user) = read(path)?;
    let context = Arc::new(RequestContext::begin(None));
    match connection.tokens.get(&context, Some(&user), &|| Ok(())).await {
        Ok(access) => {
            let because = "rights differ between users; the check calls Power BI as the user of --user-jwt";
            findings.skip(&About::default(), "the rights of other users", because);
            Ok(Some(SignedIn { claims, access, user: Some(user) }))
        }
        Err(error) if error.is_outage() => Err(error.to_string()),
        Err(error) => {
            let about = About { place: Some(path.display().to_string()), ..About::default() };
            findings.add(&about, &refused(&error));
            Ok(None)
        }
    }
}

/// Adds what is not checked because it exists only in the customers scenario.
fn not_made(connection: &Connection, options: &Options, findings: &mut Findings) {
    let about = About::default();
    let because = "the organization scenario makes none: the page embeds with the user's own token, and Power BI \
                   applies row-level security to the user";
    findings.skip(&about, "embed tokens and effective identities", because);
    if options.scenario.user_token == UserToken::Page {
        let scope = connection.settings.endpoints.cloud.scope();
        let because = format!("the page gets the user's token from Entra itself, for the scope {scope}");
        findings.skip(&about, "the token that the page embeds with", &because);
    }
}

/// The claims of the user's token, and the token itself.
fn read(path: &Path) -> Result<(Map<String, Value>, UserAssertion), String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let claims = claims_of_jwt(&text).map_err(|error| format!("{shown}: {error}"))?;
    let user = UserAssertion::from_header(&format!("Bearer {}", text.trim()));
    Ok((claims, user.ok_or_else(|| format!("{shown}: expected one JWT"))?))
}

fn refused(error: &UpstreamError) -> Fault {
    let named = error.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    Fault {
        code: "user-token-refused".to_owned(),
        problem: format!("Entra gives no token for Power BI on behalf of the user{named}"),
        viewer_sees: "no report: the page has to sign the user in again, or /config answers 401 or 502".to_owned(),
        remedy: error.explanation.clone(),
        ..Fault::default()
    }
}
