//! Refusals of another issuer's token.

use super::Refusal;

impl Refusal {
    pub(in crate::entra) fn no_federated_credential(client_id: &str) -> Self {
        let text = format!("The client '{client_id}' has no configured federated identity credentials.");
        Self::unauthorized("invalid_client", 70_025, text)
    }

    /// `field` matches no federated credential: issuer, audience or subject.
    pub(in crate::entra) fn no_matching_federation(field: &str, value: &str) -> Self {
        let code = match field {
            "issuer" => 700_211,
            "audience" => 700_212,
            _ => 700_213,
        };
        let text = format!(
            "No matching federated identity record found for presented assertion {field} '{value}'. Check your \
             federated identity credential Subject, Audience and Issuer against the presented assertion. \
             https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
        );
        Self::unauthorized("invalid_client", code, text)
    }

    pub(in crate::entra) fn unsupported_algorithm(algorithm: &str) -> Self {
        let text = format!(
            "Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported signing algorithms \
             are: 'RS256,RS384,RS512'"
        );
        Self::bad("invalid_request", 5_002_738, text)
    }

    /// The issuer's documents cannot be read, or belong to another issuer.
    pub(in crate::entra) fn unreachable_issuer() -> Self {
        Self::bad("invalid_request", 501_661, "Request to External OIDC endpoint failed.")
    }

    pub(in crate::entra) fn unverifiable_assertion() -> Self {
        let text = "Assertion failed signature validation. [Reason - The key was not found.]";
        Self::unauthorized("invalid_client", 50_013, text)
    }
}
