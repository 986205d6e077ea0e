//! Refusals of a user or of a user's token.

use serde_json::json;
use uuid::Uuid;

use super::Refusal;

impl Refusal {
    pub(in crate::entra) fn bad_user_assertion(why: &str) -> Self {
        Self::bad("invalid_grant", 50_013, format!("Assertion failed signature validation. [Reason - {why}]"))
    }

    /// The caller's token was issued for another application.
    pub(in crate::entra) fn wrong_audience(audience: &str, client_id: &str) -> Self {
        Self::bad(
            "invalid_grant",
            500_131,
            format!(
                "Assertion audience does not match the Client app presenting the assertion. The audience in the \
             assertion was '{audience}' and the expected audience is '{client_id}' or one of the Application Uris \
             of this application."
            ),
        )
    }

    pub(in crate::entra) fn user_assertion_out_of_time() -> Self {
        Self::bad("invalid_grant", 500_133, "Assertion is not within its valid time range.")
    }

    /// The user must use a second factor. The claims name the policy that requires it.
    pub(in crate::entra) fn second_factor() -> Self {
        Self::bad(
            "interaction_required",
            50_076,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must use multi-factor authentication to access the resource.",
        )
        .with_claims("capolids")
    }

    /// The user has to enrol for a second factor first.
    pub(in crate::entra) fn second_factor_enrolment() -> Self {
        Self::bad(
            "interaction_required",
            50_079,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you \
             must enroll in multi-factor authentication to access the resource.",
        )
        .with_claims("polids")
    }

    /// Nobody has consented to the application's use of the resource.
    pub(in crate::entra) fn consent_required(client_id: &str) -> Self {
        let text = format!(
            "The user or administrator has not consented to use the application with ID '{client_id}'. Send an \
             interactive authorization request for this user and resource."
        );
        Self { suberror: Some("consent_required"), ..Self::bad("invalid_grant", 65_001, text) }
    }

    /// A policy blocks the user; an interactive sign-in would only show a message.
    pub(in crate::entra) fn blocked_by_policy() -> Self {
        let text = "Access has been blocked by Conditional Access policies. The access policy does not allow token \
                    issuance.";
        Self { suberror: Some("message_only"), ..Self::bad("invalid_grant", 53_003, text) }
    }

    fn with_claims(self, policies: &str) -> Self {
        let claims = json!({"access_token": {policies: {"essential": true, "values": [Uuid::nil()]}}});
        Self { claims: Some(claims.to_string()), ..self }
    }
}
