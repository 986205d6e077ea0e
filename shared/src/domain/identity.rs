//! Effective identities: templates in the catalog, filled from verified claims.

use std::str::FromStr;

use serde::Serialize;

use super::{Caller, Denial};

/// Limits of Power BI's `EffectiveIdentity` (REST reference, `GenerateToken` V2).
const MAX_USERNAME_LENGTH: usize = 256;
const MAX_ROLE_LENGTH: usize = 50;
const MAX_ROLES: usize = 50;
/// The audit log shows the context as the user name.
const MAX_CONTEXT_LENGTH: usize = 256;
/// Limit of custom data for Analysis Services, which is also the limit for cloud models.
const MAX_CUSTOM_DATA_LENGTH: usize = 1024;

/// The viewer, as Power BI's row-level security sees it.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct EffectiveIdentity {
    /// The user name that the dataset's rules see.
    pub username: String,
    /// The dataset's roles that apply.
    pub roles: Vec<String>,
    /// The value of `CUSTOMDATA()` in the dataset's rules.
    pub custom_data: Option<String>,
    /// The name under which Power BI's audit log shows the identity. If it is
    /// absent, the log omits the identity.
    pub auditable_context: Option<String>,
}

impl std::fmt::Debug for EffectiveIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A rendered identity contains claims' values.
        f.debug_struct("EffectiveIdentity").finish_non_exhaustive()
    }
}

/// An identity as it is written in the catalog.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentityTemplate {
    username: Template,
    roles: Vec<Template>,
    custom_data: Option<Template>,
    auditable_context: Option<Template>,
}

impl IdentityTemplate {
    /// Puts the parts together.
    ///
    /// # Errors
    /// Which limit of Power BI the template exceeds, whatever the claims are.
    pub fn new(
        username: Template,
        roles: Vec<Template>,
        custom_data: Option<Template>,
        auditable_context: Option<Template>,
    ) -> Result<Self, String> {
        if roles.len() > MAX_ROLES {
            return Err(format!("{} roles; Power BI accepts at most {MAX_ROLES}", roles.len()));
        }
        Ok(Self { username, roles, custom_data, auditable_context })
    }

    /// Whether the template names a role.
    #[must_use]
    pub fn has_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    /// Fills the template with the caller's verified claims.
    ///
    /// # Errors
    /// [`Denial::ClaimMissing`] if a claim is absent or empty, or breaks one of Power BI's rules for the field that it
    /// fills.
    pub fn render(&self, caller: &Caller) -> Result<EffectiveIdentity, Denial> {
        let username = self.username.render(caller, is_username)?;
        let roles = self.roles.iter().map(|role| role.render(caller, is_role)).collect::<Result<_, _>>()?;
        let custom_data = self.custom_data.as_ref().map(|data| data.render(caller, is_custom_data)).transpose()?;
        let context = self.auditable_context.as_ref();
        let auditable_context = context.map(|context| context.render(caller, is_context)).transpose()?;
        Ok(EffectiveIdentity { username, roles, custom_data, auditable_context })
    }
}

/// Power BI accepts any ASCII except spaces for cloud models, at most 256 characters.
fn is_username(text: &str) -> bool {
    text.len() <= MAX_USERNAME_LENGTH && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A comma would turn one role into two.
fn is_role(text: &str) -> bool {
    text.chars().count() <= MAX_ROLE_LENGTH && !text.contains(',') && !text.chars().any(char::is_control)
}

fn is_custom_data(text: &str) -> bool {
    text.chars().count() <= MAX_CUSTOM_DATA_LENGTH
}

fn is_context(text: &str) -> bool {
    text.chars().count() <= MAX_CONTEXT_LENGTH && !text.chars().any(char::is_control)
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Segment {
    Literal(String),
    Claim(String),
}

/// A text with placeholders such as `{claim}`; `{{` is a literal brace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template(Vec<Segment>);

impl Template {
    /// Whether the template gives a valid user name for some claims.
    #[must_use]
    pub fn can_be_username(&self) -> bool {
        self.literals_are(is_username)
    }

    /// Whether the template gives a valid role for some claims.
    #[must_use]
    pub fn can_be_role(&self) -> bool {
        self.literals_are(is_role)
    }

    /// Whether the template gives valid custom data for some claims.
    #[must_use]
    pub fn can_be_custom_data(&self) -> bool {
        self.literals_are(is_custom_data)
    }

    /// Whether the template gives a valid auditable context for some claims.
    #[must_use]
    pub fn can_be_context(&self) -> bool {
        self.literals_are(is_context)
    }

    fn literals_are(&self, allowed: fn(&str) -> bool) -> bool {
        let literals: String = self.0.iter().filter_map(Segment::literal).collect();
        allowed(&literals)
    }

    fn render(&self, caller: &Caller, allowed: fn(&str) -> bool) -> Result<String, Denial> {
        let mut text = String::new();
        for segment in &self.0 {
            text.push_str(match segment {
                Segment::Literal(literal) => literal,
                Segment::Claim(name) => {
                    caller.claim(name).ok_or_else(|| Denial::ClaimMissing { claim: name.clone() })?
                }
            });
        }
        if allowed(&text) {
            return Ok(text);
        }
        // The literal parts were checked when the catalog was read, so the value of a claim is the cause.
        let claim = self.0.iter().find_map(Segment::claim).unwrap_or_default();
        Err(Denial::ClaimMissing { claim: claim.to_owned() })
    }
}

impl Segment {
    fn literal(&self) -> Option<&str> {
        if let Self::Literal(text) = self { Some(text) } else { None }
    }

    fn claim(&self) -> Option<&str> {
        if let Self::Claim(name) = self { Some(name) } else { None }
    }
}

/// A template that cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// The text is empty.
    #[error("the text is empty")]
    Empty,
    /// `{` without its `}`.
    #[error("`{{` begins a claim's name, but the `}}` is missing; write `{{{{` for a literal brace")]
    Unclosed,
    /// `{}`.
    #[error("`{{}}` names no claim")]
    Nameless,
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if text.is_empty() {
            return Err(TemplateError::Empty);
        }
        let mut segments = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            if let Some(after_brace) = after.strip_prefix('{') {
                literal.push('{');
                rest = after_brace;
                continue;
            }
            let (claim, after_claim) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
            if claim.is_empty() {
                return Err(TemplateError::Nameless);
            }
            if !literal.is_empty() {
                segments.push(Segment::Literal(std::mem::take(&mut literal)));
            }
            segments.push(Segment::Claim(claim.to_owned()));
            rest = after_claim;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal));
        }
        Ok(Self(segments))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::VerifiedClaims;

    fn render(template: &str, claims: &[(&str, &str)]) -> Result<String, Denial> {
        let claims: serde_json::Map<_, _> =
            claims.iter().chain(&[("sub", "u")]).map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
        let caller = Caller::new(VerifiedClaims::for_test(&claims.into()), "tenant", "groups").unwrap();
        template.parse::<Template>().unwrap().render(&caller, is_username)
    }

    #[test]
    fn claims_fill_their_places() {
        assert_eq!(render("{email}", &[("email", "a@b")]), Ok("a@b".into()));
        assert_eq!(render("x-{a}/{b}.y", &[("a", "1"), ("b", "2")]), Ok("x-1/2.y".into()));
        assert_eq!(render("{{{a}}", &[("a", "1")]), Ok("{1}".into()));
        assert_eq!(render("{{a}", &[]), Ok("{a}".into()));
        assert_eq!(render("{cognito:username}", &[("cognito:username", "u")]), Ok("u".into()));
    }

    #[test]
    fn a_claims_value_is_not_a_template() {
        assert_eq!(render("{a}", &[("a", "{sub}")]), Ok("{sub}".into()));
    }

    #[test]
    fn a_claim_that_cannot_fill_its_place_is_named() {
        let missing = Err(Denial::ClaimMissing { claim: "email".into() });
        assert_eq!(render("{email}", &[]), missing);
        assert_eq!(render("{email}", &[("email", "")]), missing);
        assert_eq!(render("{email}", &[("email", "a b")]), missing);
        assert_eq!(render("{email}", &[("email", &"x".repeat(257))]), missing);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (text, error) in
            [("", TemplateError::Empty), ("{a", TemplateError::Unclosed), ("a{}", TemplateError::Nameless)]
        {
            assert_eq!(text.parse::<Template>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_role_holds_no_comma() {
        assert!(!"a,b".parse::<Template>().unwrap().can_be_role());
        assert!(!is_role(&"r".repeat(51)));
        assert!(is_role("Tenant viewers"));
    }
}
