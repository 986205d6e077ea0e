//! Who asks.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

/// The gateway takes 10,240 bytes of headers; a longer token is none that it let through.
const MAX_ASSERTION: usize = 16 * 1024;

/// A `sub` has at most 255 characters (OIDC Core 1.0 section 2).
const MAX_SUBJECT: usize = 256;

/// Cognito's own claim, which REST APIs hand over as `a,b`.
const COGNITO_GROUPS: &str = "cognito:groups";

/// The caller's own bearer token, on whose behalf Entra can be asked.
///
/// It is a key of caches: what was got with it is for its bearer alone.
#[derive(Clone)]
pub struct UserAssertion(Arc<SecretString>);

impl UserAssertion {
    /// Reads the token out of an `Authorization` header's value.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let (scheme, token) = value.split_once(' ')?;
        let token = token.trim();
        let is_token = (1..=MAX_ASSERTION).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        (scheme.eq_ignore_ascii_case("bearer") && is_token).then(|| Self(Arc::new(SecretString::from(token))))
    }

    /// The token's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for UserAssertion {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for UserAssertion {}

impl Hash for UserAssertion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for UserAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserAssertion")
    }
}

/// The signed-in caller, from claims that the gateway has verified.
///
/// Only [`Caller::from_verified_claims`] makes one. `Debug` shows no claim's
/// value: claims hold names, addresses and whatever an issuer puts there.
#[derive(Clone)]
pub struct Caller {
    subject: String,
    tenant: Option<String>,
    groups: HashSet<String>,
    claims: HashMap<String, String>,
    assertion: Option<UserAssertion>,
}

impl Caller {
    /// Reads a caller out of verified claims; `None` where there is no `sub`, or
    /// one that is longer than any issuer's.
    #[must_use]
    pub fn from_verified_claims(
        claims: HashMap<String, String>,
        tenant_claim: &str,
        groups_claim: &str,
    ) -> Option<Self> {
        let present = |name: &str| claims.get(name).filter(|value| !value.is_empty()).cloned();
        let subject = present("sub").filter(|subject| subject.len() <= MAX_SUBJECT)?;
        let tenant = present(tenant_claim);
        let separator = if groups_claim == COGNITO_GROUPS { Some(',') } else { None };
        let groups = present(groups_claim).map(|text| read_list(&text, separator)).unwrap_or_default();
        Some(Self { subject, tenant, groups, claims, assertion: None })
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

    /// The tenant claim; `None` where the token has none.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// A claim's value; `None` where it is absent or empty.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether the caller is in one of `groups`.
    #[must_use]
    pub fn is_in_any(&self, groups: &[String]) -> bool {
        groups.iter().any(|group| self.groups.contains(group))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// Reads a list claim in the forms in which gateways hand one over.
///
/// HTTP APIs flatten an array to `[a b]` without quotes, so a value that holds
/// a space comes apart; a JSON array and a bare string are read as they are,
/// but for a claim whose bare form has a separator.
fn read_list(text: &str, separator: Option<char>) -> HashSet<String> {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        let parts = text.split(|character| Some(character) == separator);
        return parts.filter(|part| !part.is_empty()).map(str::to_owned).collect();
    };
    serde_json::from_str(text).unwrap_or_else(|_| inner.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(groups: &str) -> Caller {
        let claims =
            HashMap::from([("sub", "u"), ("tenant", "t"), ("groups", groups)].map(|(k, v)| (k.into(), v.into())));
        Caller::from_verified_claims(claims, "tenant", "groups").unwrap()
    }

    #[test]
    fn groups_are_read_in_every_form_a_gateway_hands_over() {
        for text in ["[a b]", "[b  a]", r#"["a","b"]"#, "a"] {
            assert!(caller(text).is_in_any(&["a".to_owned()]), "{text}");
        }
        for text in ["[]", "[b]", "b", "ab", "[ab]", ""] {
            assert!(!caller(text).is_in_any(&["a".to_owned()]), "{text}");
        }
    }

    fn of_subject(subject: String) -> HashMap<String, String> {
        HashMap::from([("sub".to_owned(), subject)])
    }

    #[test]
    fn no_subject_is_no_caller() {
        for claims in [HashMap::new()].into_iter().chain([String::new(), "s".repeat(257)].map(of_subject)) {
            assert!(Caller::from_verified_claims(claims, "tenant", "groups").is_none());
        }
    }

    #[test]
    fn debug_shows_no_claim() {
        let shown = format!("{:?}", caller("[secret-group]"));
        assert!(!shown.contains("secret-group") && !shown.contains("\"u\""), "{shown}");
    }
}
