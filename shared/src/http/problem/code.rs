//! The codes of problems. A new code is added here and in `openapi.yaml`; failing tests then name every other place.

use http::StatusCode;

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
    /// Entra or Power BI requires an action of the user, such as multi-factor authentication or consent.
    InteractionRequired,
    /// No grant covers the request. Unknown and forbidden items get the same answer.
    NotEntitled,
    /// An identity template needs a claim that the caller does not have.
    ClaimMissing,
    /// The method is not the one of the route.
    MethodNotAllowed,
    /// A body over 64 KiB.
    PayloadTooLarge,
    /// A content type that is not JSON.
    UnsupportedMediaType,
    /// Too many fresh tokens for this caller.
    TooManyRequests,
    /// A defect of this program.
    Internal,
    /// An upstream refuses our credentials.
    UpstreamRefused,
    /// Power BI refuses the request itself.
    UpstreamRejected,
    /// 5xx, garbage or a lost connection, after retries.
    UpstreamFailed,
    /// Too many requests at an upstream.
    UpstreamThrottled,
    /// Secrets Manager cannot be read, the secret is malformed, or STS gives no token.
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
            Self::UpstreamRefused => ("upstream-refused", S::BAD_GATEWAY, "An upstream service refuses this service"),
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
