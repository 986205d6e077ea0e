//! What refusals of STS mean (STS API reference, `GetWebIdentityToken` and "Common errors").

use crate::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

/// The error for a token that cannot be obtained, with its remedy.
pub(super) fn unavailable(code: Option<String>, cause: &str) -> UpstreamError {
    let remedy = code.as_deref().map_or("STS gives no identity token", remedy);
    let explanation = format!("{remedy} ({cause})");
    UpstreamError { code, ..UpstreamError::new(Upstream::Sts, UpstreamErrorKind::CredentialsUnavailable, explanation) }
}

/// The service's model writes its own codes with the suffix `Exception`, and its documentation writes them without it.
fn remedy(code: &str) -> &'static str {
    match code.strip_suffix("Exception").unwrap_or(code) {
        "OutboundWebIdentityFederationDisabled" => {
            "outbound web identity federation is not enabled in the AWS account: run `aws iam \
             enable-outbound-web-identity-federation` once"
        }
        "AccessDenied" => {
            "allow the function's role sts:GetWebIdentityToken for the audience of the cloud, RS256 and 300 s, and \
             check the policies of the AWS organization"
        }
        "JWTPayloadSizeExceeded" => "the role has more tags than a token can hold: remove tags from the role",
        "SessionDurationEscalation" => {
            "the function's AWS credentials would expire before the token: a new execution environment gets new ones"
        }
        "ExpiredToken" | "InvalidClientTokenId" | "UnrecognizedClient" => {
            "the function's AWS credentials have expired or are not valid: a new execution environment gets new ones"
        }
        "SignatureDoesNotMatch" | "IncompleteSignature" | "InvalidSignature" | "RequestExpired" => {
            "STS does not accept the signature: check the clock, AWS_REGION, and whether a proxy changes the request"
        }
        "InvalidAction" | "RegionDisabled" => {
            "this endpoint does not offer GetWebIdentityToken: check AWS_REGION and AWS_ENDPOINT_URL_STS; the global \
             endpoint of STS does not have this call"
        }
        _ => "STS gives no identity token",
    }
}
