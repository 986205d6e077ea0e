//! The one mapping from causes to problems.

use super::code::Code;
use super::document::Problem;
use crate::domain::{Denial, TokenRequestError};
use crate::embedding::EmbeddingError;
use crate::json::JsonFault;
use crate::upstream::{Upstream, UpstreamError, UpstreamErrorKind};

const TOO_MANY: &str = "Reuse each token until its `refreshAfter`.";

impl From<EmbeddingError> for Problem {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::NotEntitled => Self::not_entitled(),
            EmbeddingError::Denied { binding, denial } => denied(binding, denial),
            EmbeddingError::Unshareable(error) => unshareable(&error),
            EmbeddingError::TooManyRequests { retry_after } => {
                Self { retry_after: Some(retry_after), ..Self::new(Code::TooManyRequests, TOO_MANY) }
            }
            EmbeddingError::UserTokenInPage { scope } => user_token_in_page(scope),
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
                detail: "one token for this binding and the others would allow more than the grants do".to_owned(),
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
            Upstream::TokenStore => "The token store",
            Upstream::SecretsManager | Upstream::Sts => "The source of the service's credentials",
            Upstream::Entra | Upstream::PowerBi => "Power BI or Entra",
        };
        let (code, detail) = match error.kind {
            UpstreamErrorKind::CredentialsUnavailable => (
                Code::CredentialsUnavailable,
                "The service's own credentials cannot be read; the operator of this service has to correct this."
                    .to_owned(),
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
                "Entra does not accept the bearer token: request a token whose audience is this service's application."
                    .to_owned(),
            ),
            UpstreamErrorKind::OverBudget { .. } => (Code::TooManyRequests, TOO_MANY.to_owned()),
            UpstreamErrorKind::InvalidClient | UpstreamErrorKind::Refused | UpstreamErrorKind::TokenRefused { .. } => (
                Code::UpstreamRefused,
                format!(
                    "{who} refuses this service's own credentials; the operator of this service has to correct this."
                ),
            ),
            UpstreamErrorKind::Rejected | UpstreamErrorKind::NotFound => (
                Code::UpstreamRejected,
                "Power BI refuses this binding; the service's operator has to correct the catalog.".to_owned(),
            ),
            UpstreamErrorKind::Failed => {
                (Code::UpstreamFailed, format!("{who} gave no usable answer; try again later."))
            }
            UpstreamErrorKind::Throttled { .. } => {
                (Code::UpstreamThrottled, format!("{who} accepts no more requests now; try again after `Retry-After`."))
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

/// The page gets the user's token itself; this service hands out no token.
fn user_token_in_page(scope: &str) -> Problem {
    let detail = format!(
        "The page gets the user's token itself: request an access token for the scope {scope} from Entra. This \
             service hands out no token, because its setting DYNABIND_USER_TOKEN is `page`."
    );
    Problem::new(Code::InvalidRequest, detail)
}
