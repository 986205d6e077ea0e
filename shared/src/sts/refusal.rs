//! What refusals of STS mean (STS API reference, `GetWebIdentityToken` and "Common errors").

use crate::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

/// Why there is no token, with what there is to do.
pub(super) fn unavailable(code: Option<String>, cause: &str) -> UpstreamError {
    let remedy = code.as_deref().map_or("STS gives no identity token", remedy);
    let explanation = format!("{remedy} ({cause})");
    UpstreamError { code, ..UpstreamError::new(Upstream::Sts, UpstreamErrorKind::CredentialsUnavailable, explanation) }
}

/// The model of the service spells its own codes with a suffix, its documentation without.
fn remedy(code: &str) -> &'static str {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "OutboundWebIdentityFederationDisabled" => {
            "outbound web identity federation is not enabled in the AWS account: run `aws iam \
             enable-outbound-web-identity-federation` once"
        }
        "AccessDenied" => {
            "allow the function's role sts:GetWebIdentityToken for the audience of the cloud, with RS256 and 300 s, and \
             check the organization's policies"
        }
        "JWTPayloadSizeExceeded" => "the role has more tags than a token can hold: remove tags from the role",
        "SessionDurationEscalation" => {
            "the function's AWS credentials end before the token would: a new execution environment gets new ones"
        }
        "ExpiredToken" | "InvalidClientTokenId" | "UnrecognizedClient" => {
            "the function's AWS credentials have expired or are not valid: a new execution environment gets new ones"
        }
        "SignatureDoesNotMatch" | "IncompleteSignature" | "InvalidSignature" | "RequestExpired" => {
            "STS does not accept the signature: check the clock, AWS_REGION, and whether a proxy changes the request"
        }
        "InvalidAction" | "RegionDisabled" => {
            "this endpoint has no GetWebIdentityToken: check AWS_REGION and AWS_ENDPOINT_URL_STS; the global endpoint \
             of STS does not offer it"
        }
        _ => "STS gives no identity token",
    }
}
