//! The caller of a request.

use std::fmt;

use super::UserAssertion;
use crate::gateway::VerifiedClaims;

/// A `sub` has at most 255 characters (OIDC Core 1.0 section 2).
const MAX_SUBJECT_BYTES: usize = 256;

/// The signed-in caller, from claims that the gateway has verified.
///
/// `Debug` shows no claim's value: claims may contain personal data, such as names and addresses.
#[derive(Clone)]
pub struct Caller {
    subject: String,
    tenant: Option<String>,
    groups_claim: String,
    claims: VerifiedClaims,
    assertion: Option<UserAssertion>,
}

/// Why claims do not identify a caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallerError {
    /// There is no `sub`, or it is longer than `OpenID` Connect allows.
    NoSubject,
    /// `sub` is a list or an object, which does not identify a caller.
    SubjectIsNoText,
}

impl Caller {
    /// The caller whose claims these are.
    ///
    /// # Errors
    /// Why the claims do not identify a caller.
    pub fn new(claims: VerifiedClaims, tenant_claim: &str, groups_claim: &str) -> Result<Self, CallerError> {
        if claims.is_not_one("sub") {
            return Err(CallerError::SubjectIsNoText);
        }
        let subject = claims.one("sub").filter(|subject| subject.len() <= MAX_SUBJECT_BYTES);
        let subject = subject.ok_or(CallerError::NoSubject)?.to_owned();
        let tenant = claims.one(tenant_claim).map(str::to_owned);
        Ok(Self { subject, tenant, groups_claim: groups_claim.to_owned(), claims, assertion: None })
    }

    /// The same caller, with the bearer token that the claims were read from.
    #[must_use]
    pub fn with_assertion(self, assertion: Option<UserAssertion>) -> Self {
        Self { assertion, ..self }
    }

    /// The caller's own bearer token.
    #[must_use]
    pub fn assertion(&self) -> Option<&UserAssertion> {
        self.assertion.as_ref()
    }

    /// The `sub` claim.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The tenant claim; `None` if it is absent, empty, a list or an object.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// A claim's single value; `None` if it is absent, empty, a list or an object.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.one(name)
    }

    /// Whether the caller is in one of `groups`.
    #[must_use]
    pub fn is_in_any(&self, groups: &[String]) -> bool {
        self.claims.many(&self.groups_claim).any(|of_caller| groups.iter().any(|group| group == of_caller))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn caller(claims: &Value) -> Result<Caller, CallerError> {
        Caller::new(VerifiedClaims::for_test(claims), "tenant", "groups")
    }

    #[test]
    fn groups_are_read_element_by_element() {
        let is_analyst = |groups: Value| {
            let claims = json!({ "sub": "u", "groups": groups });
            caller(&claims).unwrap().is_in_any(&["analysts".to_owned()])
        };
        for groups in [json!("analysts"), json!(["analysts"]), json!([null, 7, "x", "analysts"])] {
            assert!(is_analyst(groups.clone()), "{groups}");
        }
        for groups in [
            json!(["x analysts y", null]),
            json!(["x analysts"]),
            json!("[x analysts]"),
            json!("[analysts]"),
            json!(r#"["analysts"]"#),
            json!("x,analysts"),
            json!({ "analysts": true }),
            json!([["analysts"]]),
            json!(""),
        ] {
            assert!(!is_analyst(groups.clone()), "{groups}");
        }
    }

    #[test]
    fn a_subject_is_one_text_of_sensible_length() {
        for claims in [json!({}), json!({ "sub": null }), json!({ "sub": "" }), json!({ "sub": "s".repeat(257) })] {
            assert_eq!(caller(&claims).unwrap_err(), CallerError::NoSubject, "{claims}");
        }
        for subject in [json!(["u"]), json!({ "id": "u" })] {
            assert_eq!(caller(&json!({ "sub": subject })).unwrap_err(), CallerError::SubjectIsNoText, "{subject}");
        }
    }

    #[test]
    fn a_list_or_object_is_neither_tenant_nor_identity() {
        let caller = caller(&json!({ "sub": "u", "tenant": ["t"], "email": ["a@x", "b@x"], "name": {} })).unwrap();
        assert_eq!((caller.tenant(), caller.claim("email"), caller.claim("name")), (None, None, None));
    }

    #[test]
    fn debug_shows_no_claim() {
        let shown = format!("{:?}", caller(&json!({ "sub": "hidden", "groups": ["hidden"] })).unwrap());
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
