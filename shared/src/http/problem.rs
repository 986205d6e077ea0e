//! Problem documents (RFC 9457): the one mapping from causes to statuses.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use crate::domain::{Denial, TokenRequestError};
use crate::embedding::EmbeddingError;
use crate::json::JsonFault;
use crate::upstream::{ClaimsChallenge, Upstream, UpstreamError, UpstreamErrorKind};

/// What went wrong, as the contract names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// Body or parameter not understood.
    InvalidRequest,
    /// Several datasets could be bound.
    DatasetRequired,
    /// One token for these bindings would allow more than the grants do.
    BindingsConflict,
    /// No verified claims.
    Unauthenticated,
    /// Entra or Power BI requires the user: multi-factor authentication, or consent.
    InteractionRequired,
    /// Unknown and forbidden alike.
    NotEntitled,
    /// An identity template needs a claim that the caller has not got.
    ClaimMissing,
    /// Another method than the route's.
    MethodNotAllowed,
    /// A body over 64 KiB.
    PayloadTooLarge,
    /// A content type that is not JSON.
    UnsupportedMediaType,
    /// Too many fresh tokens for this caller.
    TooManyRequests,
    /// Our bug.
    Internal,
    /// An upstream refuses our credentials.
    UpstreamRefused,
    /// Power BI refuses the request itself.
    UpstreamRejected,
    /// 5xx, garbage or a lost connection, after retries.
    UpstreamFailed,
    /// Too many requests at an upstream.
    UpstreamThrottled,
    /// Secrets Manager cannot be read, or the secret is malformed.
    CredentialsUnavailable,
    /// The deadline ran out.
    UpstreamTimeout,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 18] = [
        Self::InvalidRequest,
        Self::DatasetRequired,
        Self::BindingsConflict,
        Self::Unauthenticated,
        Self::InteractionRequired,
        Self::NotEntitled,
        Self::ClaimMissing,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::TooManyRequests,
        Self::Internal,
        Self::UpstreamRefused,
        Self::UpstreamRejected,
        Self::UpstreamFailed,
        Self::UpstreamThrottled,
        Self::CredentialsUnavailable,
        Self::UpstreamTimeout,
    ];

    /// The code's text, the end of the problem's type URI.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.parts().0
    }

    /// The status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.parts().1
    }

    /// The short text that is the same for every problem of the code.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.parts().2
    }

    fn parts(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidRequest => ("invalid-request", S::BAD_REQUEST, "The request was not understood"),
            Self::DatasetRequired => ("dataset-required", S::BAD_REQUEST, "The dataset has to be named"),
            Self::BindingsConflict => ("bindings-conflict", S::BAD_REQUEST, "These bindings may not share a token"),
            Self::Unauthenticated => ("unauthenticated", S::UNAUTHORIZED, "Sign in first"),
            Self::InteractionRequired => ("interaction-required", S::UNAUTHORIZED, "The user has to sign in again"),
            Self::NotEntitled => ("not-entitled", S::FORBIDDEN, "No grant covers this"),
            Self::ClaimMissing => ("claim-missing", S::FORBIDDEN, "The sign-in lacks a claim"),
            Self::MethodNotAllowed => ("method-not-allowed", S::METHOD_NOT_ALLOWED, "Another method is needed"),
            Self::PayloadTooLarge => ("payload-too-large", S::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported-media-type", S::UNSUPPORTED_MEDIA_TYPE, "The body has to be JSON")
            }
            Self::TooManyRequests => ("too-many-requests", S::TOO_MANY_REQUESTS, "Too many fresh tokens"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "Something went wrong here"),
            Self::UpstreamRefused => ("upstream-refused", S::BAD_GATEWAY, "An upstream service refuses this one"),
            Self::UpstreamRejected => ("upstream-rejected", S::BAD_GATEWAY, "Power BI refuses this binding"),
            Self::UpstreamFailed => ("upstream-failed", S::BAD_GATEWAY, "An upstream service failed"),
            Self::UpstreamThrottled => ("upstream-throttled", S::SERVICE_UNAVAILABLE, "An upstream service is busy"),
            Self::CredentialsUnavailable => {
                ("credentials-unavailable", S::SERVICE_UNAVAILABLE, "This service has no credentials")
            }
            Self::UpstreamTimeout => {
                ("upstream-timeout", S::GATEWAY_TIMEOUT, "An upstream service did not answer in time")
            }
        }
    }
}

const TOO_MANY: &str = "Keep the tokens that you have been given until `refreshAfter`.";

/// A problem on its way to the client, with what only the log may see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Which one.
    pub code: Code,
    /// For the client: what happened and what to do.
    pub detail: String,
    /// The places at fault.
    pub errors: Vec<JsonFault>,
    /// When to ask again.
    pub retry_after: Option<Duration>,
    /// The upstream failure behind it, for the log.
    pub cause: Option<Box<UpstreamError>>,
}

/// The document's members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemDocument<'p> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'p str,
    request_id: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_request_id: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Place<'p>>,
}

#[derive(Serialize)]
struct Place<'p> {
    pointer: &'p str,
    detail: &'p str,
}

impl Problem {
    /// A problem of which only code and detail are known.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after: None, cause: None }
    }

    /// A request that was not understood, at these places.
    #[must_use]
    pub fn invalid(errors: Vec<JsonFault>) -> Self {
        Self { errors, ..Self::new(Code::InvalidRequest, "Mend the places that `errors` lists.") }
    }

    /// Nobody has signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Send a bearer token of the configured issuer in the Authorization header.")
    }

    /// Our bug; nothing else is said.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(Code::Internal, "The request failed because of a fault in this service; report the requestId.")
    }

    /// Unknown and forbidden alike.
    #[must_use]
    pub(super) fn not_entitled() -> Self {
        Self::new(Code::NotEntitled, "No grant of the caller's tenant covers what was asked for.")
    }

    /// What the page's sign-in has to prove, if an upstream says so.
    #[must_use]
    pub fn claims_challenge(&self) -> Option<&ClaimsChallenge> {
        match &self.cause.as_ref()?.kind {
            UpstreamErrorKind::InteractionRequired { claims } => claims.as_ref(),
            _ => None,
        }
    }

    /// The page gets the user's token itself; this service hands out no token.
    fn user_token_in_page(scope: &str) -> Self {
        let detail = format!(
            "The page gets the user's token itself: request an access token for the scope {scope} from Entra. This \
             service hands out none, because its setting DYNABIND_USER_TOKEN is `page`."
        );
        Self::new(Code::InvalidRequest, detail)
    }

    /// The document's JSON text.
    #[must_use]
    pub fn to_json(&self, request_id: &str) -> String {
        let document = ProblemDocument {
            r#type: format!("urn:dynabind:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: &self.detail,
            request_id,
            upstream_request_id: self.cause.as_ref().and_then(|cause| cause.request_id.as_deref()),
            claims: self.claims_challenge().map(ClaimsChallenge::as_str),
            errors: self.errors.iter().map(|fault| Place { pointer: &fault.pointer, detail: &fault.detail }).collect(),
        };
        // Texts and numbers alone: there is nothing in it that JSON cannot hold.
        serde_json::to_string(&document).unwrap_or_default()
    }

    fn at(self, pointer: String, detail: &str) -> Self {
        Self { errors: vec![JsonFault { pointer, detail: detail.to_owned() }], ..self }
    }
}

impl From<EmbeddingError> for Problem {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::NotEntitled => Self::not_entitled(),
            EmbeddingError::Denied { binding, denial } => denied(binding, denial),
            EmbeddingError::Unshareable(error) => unshareable(&error),
            EmbeddingError::TooManyRequests { retry_after } => {
                Self { retry_after: Some(retry_after), ..Self::new(Code::TooManyRequests, TOO_MANY) }
            }
            EmbeddingError::UserTokenInPage { scope } => Self::user_token_in_page(scope),
            EmbeddingError::NoAssertion => {
                Self::new(Code::Unauthenticated, "Send the user's own bearer token, of at most 16 KiB.")
            }
            EmbeddingError::Upstream(error) => Self::from(error),
        }
    }
}

fn denied(binding: usize, denial: Denial) -> Problem {
    let pointer = format!("/bindings/{binding}");
    match denial {
        Denial::NotEntitled => Problem::not_entitled().at(pointer, "no grant covers this binding"),
        Denial::DatasetRequired => {
            Problem::new(Code::DatasetRequired, "Several datasets may be bound; GET /datasets lists them.")
                .at(format!("{pointer}/dataset"), "name the dataset")
        }
        Denial::ClaimMissing { claim } => {
            let detail = format!("The token has no usable claim `{claim}`, which the dataset's identity needs.");
            Problem::new(Code::ClaimMissing, detail).at(pointer, "its dataset needs the claim")
        }
    }
}

fn unshareable(error: &TokenRequestError) -> Problem {
    match error {
        TokenRequestError::TooMany { .. } => {
            Problem::invalid(vec![JsonFault { pointer: "/bindings".to_owned(), detail: error.to_string() }])
        }
        TokenRequestError::Conflict { apart } => {
            let place = |binding: &usize| JsonFault {
                pointer: format!("/bindings/{binding}"),
                detail: "one token for it and the others would allow more than the grants do".to_owned(),
            };
            let detail = "Send each binding that `errors` names in a request of its own; the others may share one.";
            Problem { errors: apart.iter().map(place).collect(), ..Problem::new(Code::BindingsConflict, detail) }
        }
    }
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        let who = match error.upstream {
            Upstream::DynamoDb => "The catalog's table",
            Upstream::SecretsManager | Upstream::Sts => "The source of the service's credentials",
            Upstream::Entra | Upstream::PowerBi => "Power BI or Entra",
        };
        let (code, detail) = match error.kind {
            UpstreamErrorKind::CredentialsUnavailable => (
                Code::CredentialsUnavailable,
                "The service's own credentials cannot be read; its operator has to mend this.".to_owned(),
            ),
            UpstreamErrorKind::InteractionRequired { claims: Some(_) } => (
                Code::InteractionRequired,
                "Sign in again with the claims challenge that `claims` holds, then repeat the request.".to_owned(),
            ),
            UpstreamErrorKind::InteractionRequired { claims: None } => {
                (Code::InteractionRequired, "Sign in again interactively, then repeat the request.".to_owned())
            }
            UpstreamErrorKind::AssertionRefused => (
                Code::Unauthenticated,
                "Entra does not take the bearer token: request one whose audience is this service's application."
                    .to_owned(),
            ),
            UpstreamErrorKind::OverBudget { .. } => (Code::TooManyRequests, TOO_MANY.to_owned()),
            UpstreamErrorKind::InvalidClient | UpstreamErrorKind::Refused | UpstreamErrorKind::TokenRefused { .. } => (
                Code::UpstreamRefused,
                format!("{who} refuses the service's own credentials; its operator has to mend this."),
            ),
            UpstreamErrorKind::Rejected | UpstreamErrorKind::NotFound => (
                Code::UpstreamRejected,
                "Power BI refuses this binding; the service's operator has to mend the catalog.".to_owned(),
            ),
            UpstreamErrorKind::Failed => {
                (Code::UpstreamFailed, format!("{who} gave no usable answer; try again later."))
            }
            UpstreamErrorKind::Throttled { .. } => {
                (Code::UpstreamThrottled, format!("{who} takes no more requests now; try again after `Retry-After`."))
            }
            UpstreamErrorKind::Timeout => {
                (Code::UpstreamTimeout, format!("{who} did not answer in time; try again later."))
            }
        };
        let retry_after = match error.kind {
            UpstreamErrorKind::Throttled { retry_after } | UpstreamErrorKind::OverBudget { retry_after } => {
                Some(retry_after)
            }
            _ => None,
        };
        Self { retry_after, cause: Some(Box::new(error)), ..Self::new(code, detail) }
    }
}
