//! Whether the service principal's credentials are well-formed and accepted, and do not expire soon.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dynabind::domain::AccessToken;
use dynabind::request::RequestContext;
use dynabind::secrets::{Credential, ServicePrincipal};
use dynabind::upstream::{Upstream, UpstreamError, UpstreamErrorKind};
use secrecy::ExposeSecret;
use serde_json::Value;
use time::OffsetDateTime;

use super::finding::{About, Fault, Findings};
use crate::connection::Connection;

/// A certificate that expires sooner than this is a finding.
const SOON: Duration = Duration::from_hours(30 * 24);

/// How much longer than the shortest embed token an access token must live.
const HEADROOM: Duration = Duration::from_mins(5);

const NO_REPORT: &str = "no report at all: every request answers 502 or 503";

/// The access token. `None` if there is none; the cause is then among the findings.
///
/// # Errors
/// The error says why it could not be checked.
pub(crate) async fn check(connection: &Connection, findings: &mut Findings) -> Result<Option<AccessToken>, String> {
    let about = About { place: Some(connection.credential_place.clone()), ..About::default() };
    let principal = match connection.credential.principal(&*connection.clock).await {
        Err(error) => return unavailable(error, &about, findings).map(|()| None),
        Ok(Err(faults)) => {
            let remedy = "write tenantId, clientId and clientSecret (or certificate and privateKey) into the secret";
            findings.add(
                &about,
                &fault("secret-malformed", format!("the secret is malformed: {}", faults.join("; ")), remedy),
            );
            return Ok(None);
        }
        Ok(Ok(principal)) => principal,
    };
    expiry(connection, &principal, &about, findings);
    let context = Arc::new(RequestContext::begin(None));
    match connection.tokens.get(&context, None, &|| Ok(())).await {
        Ok(access) => {
            lifetime(connection, &access, &about, findings);
            Ok(Some(access))
        }
        Err(error) => refused(&error, &principal, &about, findings).map(|()| None),
    }
}

/// Whether Power BI accepts calls of the service principal.
///
/// # Errors
/// The error says why it could not be checked.
pub(super) async fn tenant_settings(connection: &Connection, findings: &mut Findings) -> Result<bool, String> {
    let about = About { place: Some(connection.credential_place.clone()), ..About::default() };
    let Err(error) = connection.rest.get("v1.0/myorg/groups?%24top=1", None).await else { return Ok(true) };
    if !matches!(error.status, Some(401 | 403)) {
        return Err(format!("Power BI: {error}"));
    }
    let problem = format!("Power BI does not answer the service principal: {error}");
    let remedy = "turn on \"Service principals can call Fabric public APIs\" and \"Embed content in apps\" for a \
                  security group that has the app as a member (steps 2 and 3 of the setup), and wait 15 minutes";
    findings.add(&about, &fault("tenant-setting-off", problem, remedy));
    Ok(false)
}

/// A refusal of STS has a code, and is a finding. Any other error means that the credential cannot be read now.
fn unavailable(error: UpstreamError, about: &About, findings: &mut Findings) -> Result<(), String> {
    let code = error.code.filter(|_| error.upstream == Upstream::Sts);
    let Some(code) = code else { return Err(error.explanation) };
    let problem = format!("AWS STS gives no token for the AWS credentials of this environment ({code})");
    findings.add(about, &fault("identity-token-refused", problem, &error.explanation));
    Ok(())
}

/// The claims of the STS token, which Entra compares with the federated credentials of the app.
fn identity(principal: &ServicePrincipal) -> String {
    let Credential::Federated(token) = &principal.credential else { return String::new() };
    let payload = token.expose_secret().split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Value = payload.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let [issuer, subject, audience] = ["iss", "sub", "aud"].map(|name| &claims[name]);
    format!("; the token of STS has issuer {issuer}, subject {subject} and audience {audience}")
}

fn refused(
    error: &UpstreamError,
    principal: &ServicePrincipal,
    about: &About,
    findings: &mut Findings,
) -> Result<(), String> {
    if error.is_outage() {
        return Err(error.to_string());
    }
    let code = match error.kind {
        UpstreamErrorKind::InvalidClient => "credential-refused",
        _ => "sign-in-refused",
    };
    let named = error.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    let problem = format!("Entra refuses the service principal{named}{}", identity(principal));
    findings.add(about, &fault(code, problem, &error.explanation));
    Ok(())
}

fn fault(code: &str, problem: String, remedy: &str) -> Fault {
    let (code, viewer_sees, remedy) = (code.to_owned(), NO_REPORT.to_owned(), remedy.to_owned());
    Fault { code, problem, viewer_sees, remedy, ..Fault::default() }
}

fn expiry(connection: &Connection, principal: &ServicePrincipal, about: &About, findings: &mut Findings) {
    match &principal.credential {
        Credential::Secret(_) => {
            findings.skip(
                about,
                "the client secret's expiry",
                "Entra shows it only in the portal and in Microsoft Graph",
            );
        }
        // Nothing is stored, so nothing expires.
        Credential::Federated(_) => {}
        Credential::Certificate(certificate) => {
            let remaining = certificate.not_after().duration_since(connection.clock.now()).unwrap_or_default();
            if remaining < SOON {
                let date = OffsetDateTime::from(certificate.not_after()).date();
                let remedy = "register a new certificate with the app, then put it into the secret";
                findings
                    .add(about, &fault("certificate-expires", format!("the certificate expires on {date}"), remedy));
            }
        }
    }
}

fn lifetime(connection: &Connection, access: &AccessToken, about: &About, findings: &mut Findings) {
    let life = access.expiry.life;
    if life < connection.settings.min_token + HEADROOM {
        let problem = format!("Entra's access tokens live {} minutes", life.as_secs() / 60);
        let remedy = "remove the token lifetime policy from the app, or lower DYNABIND_MIN_TOKEN_MINUTES";
        let viewer_sees = "reports that renew their token very often".to_owned();
        findings.add(about, &Fault { viewer_sees, ..fault("access-token-short", problem, remedy) });
    }
}
