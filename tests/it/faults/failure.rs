//! The ways in which an upstream can fail.

use std::collections::BTreeMap;

use devstack::{Fault, Service};
use serde_json::{Value, json};

/// The text in every error body. Neither a response nor the log may contain it.
pub(super) const UPSTREAM_TEXT: &str = "text of the upstream";

/// A short time limit of an attempt, in milliseconds. It is for failures that are slower than this.
pub(super) const SHORT_ATTEMPT: &str = "1000";

/// One way to fail. [`Failure::parts`] has its name in the matrix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    ConnectionRefused,
    ResetBeforeAnswer,
    ResetMidBody,
    Hang,
    SlowDrip,
    BadRequest,
    Unauthorized,
    UnauthorizedNamedCause,
    TokenExpired,
    InvalidTokenInHeader,
    Forbidden,
    ForbiddenWithoutBody,
    NotFound,
    TooManyRequests,
    RetryAfterFits,
    RetryAfterDoesNotFit,
    InternalError,
    Unavailable,
    UnavailableForLong,
    HtmlBadGateway,
    HtmlSuccess,
    TruncatedJson,
    WrongShape,
    HugeBody,
    Redirect,
}

impl Failure {
    pub(super) const ALL: [Self; 25] = [
        Self::ConnectionRefused,
        Self::ResetBeforeAnswer,
        Self::ResetMidBody,
        Self::Hang,
        Self::SlowDrip,
        Self::BadRequest,
        Self::Unauthorized,
        Self::UnauthorizedNamedCause,
        Self::TokenExpired,
        Self::InvalidTokenInHeader,
        Self::Forbidden,
        Self::ForbiddenWithoutBody,
        Self::NotFound,
        Self::TooManyRequests,
        Self::RetryAfterFits,
        Self::RetryAfterDoesNotFit,
        Self::InternalError,
        Self::Unavailable,
        Self::UnavailableForLong,
        Self::HtmlBadGateway,
        Self::HtmlSuccess,
        Self::TruncatedJson,
        Self::WrongShape,
        Self::HugeBody,
        Self::Redirect,
    ];

    /// The name of the failure in the matrix.
    pub(super) fn name(self) -> &'static str {
        self.parts().0
    }

    /// The outcome of each attempt in the log: a status, or the kind of failure.
    pub(super) fn outcome(self) -> &'static str {
        self.parts().1
    }

    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::ConnectionRefused => ("connection refused", "connection"),
            Self::ResetBeforeAnswer => ("reset before the answer", "connection"),
            Self::ResetMidBody => ("reset in mid-body", "connection"),
            Self::Hang => ("no answer", "timeout"),
            Self::SlowDrip => ("slow drip", "timeout"),
            Self::BadRequest => ("400", "400"),
            Self::Unauthorized => ("401", "401"),
            Self::UnauthorizedNamedCause => ("401 for a named cause", "401"),
            Self::TokenExpired => ("403 `TokenExpired`", "403"),
            Self::InvalidTokenInHeader => ("403 `InvalidToken` in a header", "403"),
            Self::Forbidden => ("403", "403"),
            Self::ForbiddenWithoutBody => ("403 without a body", "403"),
            Self::NotFound => ("404", "404"),
            Self::TooManyRequests => ("429", "429"),
            Self::RetryAfterFits => ("429, `Retry-After: 1`", "429"),
            Self::RetryAfterDoesNotFit => ("429, `Retry-After: 120`", "429"),
            Self::InternalError => ("500", "500"),
            Self::Unavailable => ("503", "503"),
            Self::UnavailableForLong => ("503, `Retry-After: 600`", "503"),
            Self::HtmlBadGateway => ("502, a page of HTML", "502"),
            Self::HtmlSuccess => ("200, a page of HTML", "200"),
            Self::TruncatedJson => ("200, half of the JSON", "200"),
            Self::WrongShape => ("200, other JSON", "200"),
            Self::HugeBody => ("200, 10 MB", "too-large"),
            Self::Redirect => ("redirect", "307"),
        }
    }

    /// The upstream's error code, which the log repeats; `None` if the response has none.
    pub(super) fn code(self, service: Service) -> Option<&'static str> {
        let (power_bi, entra, aws) = match self {
            Self::BadRequest => ("InvalidRequest", "AADSTS900144", "ValidationException"),
            Self::Unauthorized => ("", "AADSTS7000215", "UnrecognizedClientException"),
            Self::UnauthorizedNamedCause => ("GroupNotAccessible", "AADSTS700016", "AccessDeniedException"),
            Self::TokenExpired => ("TokenExpired", "AADSTS700027", "ExpiredTokenException"),
            Self::InvalidTokenInHeader => ("InvalidToken", "", ""),
            Self::Forbidden => ("Forbidden", "AADSTS53003", "AccessDeniedException"),
            Self::NotFound => ("PowerBIEntityNotFound", "AADSTS90002", "ResourceNotFoundException"),
            _ => return None,
        };
        let code = match service {
            Service::PowerBi | Service::Fabric => power_bi,
            Service::Entra => entra,
            Service::SecretsManager | Service::DynamoDb | Service::Sts => aws,
        };
        (!code.is_empty()).then_some(code)
    }

    /// The fault to inject; `None` if the stand-in refuses connections.
    pub(super) fn fault(self, service: Service) -> Option<Fault> {
        let body = self.code(service).map(|code| body(service, code));
        let status = |status| match body.as_ref().unwrap_or(&Value::Null) {
            Value::String(xml) => plain(status, xml),
            json => Fault::json(status, json),
        };
        let header = |status, name, value| Fault::empty(status, (name, value));
        Some(match self {
            Self::ConnectionRefused => return None,
            Self::ResetBeforeAnswer => Fault::ResetBeforeAnswer,
            Self::ResetMidBody => Fault::ResetMidBody,
            Self::Hang => Fault::Hang,
            Self::SlowDrip => Fault::SlowDrip { interval_ms: 20 },
            Self::BadRequest => status(400),
            Self::Unauthorized if service == Service::PowerBi => plain(401, ""),
            Self::UnauthorizedNamedCause if service == Service::PowerBi => {
                header(401, "x-powerbi-error-info", "GroupNotAccessible")
            }
            Self::Unauthorized | Self::UnauthorizedNamedCause => status(401),
            Self::TokenExpired | Self::Forbidden => status(403),
            Self::InvalidTokenInHeader => header(403, "x-powerbi-error-info", "InvalidToken"),
            Self::ForbiddenWithoutBody => plain(403, ""),
            Self::NotFound => status(404),
            Self::TooManyRequests => plain(429, UPSTREAM_TEXT),
            Self::RetryAfterFits => Fault::throttled(1),
            Self::RetryAfterDoesNotFit => Fault::throttled(120),
            Self::InternalError => plain(500, UPSTREAM_TEXT),
            Self::Unavailable => plain(503, UPSTREAM_TEXT),
            Self::UnavailableForLong => header(503, "retry-after", "600"),
            Self::HtmlBadGateway => Fault::HtmlBadGateway,
            Self::HtmlSuccess => plain(200, &format!("<html><body>{UPSTREAM_TEXT}</body></html>")),
            Self::TruncatedJson => Fault::TruncatedJson,
            Self::WrongShape => Fault::json(200, &json!({ "value": UPSTREAM_TEXT, "Item": [UPSTREAM_TEXT] })),
            Self::HugeBody => Fault::HugeBody { bytes: 10_000_000 },
            Self::Redirect => Fault::Redirect { location: "/stolen".to_owned() },
        })
    }
}

fn plain(status: u16, body: &str) -> Fault {
    Fault::Status { status, headers: BTreeMap::new(), body: body.to_owned() }
}

/// An error's body as the service writes it.
fn body(service: Service, code: &str) -> Value {
    match service {
        Service::PowerBi | Service::Fabric => json!({ "error": { "code": code, "message": UPSTREAM_TEXT } }),
        Service::SecretsManager | Service::DynamoDb => json!({ "__type": code, "message": UPSTREAM_TEXT }),
        Service::Sts => {
            json!(format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>{UPSTREAM_TEXT}</Message></Error></ErrorResponse>"
            ))
        }
        Service::Entra => {
            let error = if code == "AADSTS7000215" { "invalid_client" } else { "unauthorized_client" };
            let number: u64 = code.trim_start_matches("AADSTS").parse().unwrap();
            json!({ "error": error, "error_description": format!("{code}: {UPSTREAM_TEXT}"), "error_codes": [number] })
        }
    }
}
