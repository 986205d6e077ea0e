//! Problem documents (RFC 9457).

use std::time::Duration;

use serde::Serialize;

use super::code::Code;
use crate::json::JsonFault;
use crate::upstream::{ClaimsChallenge, UpstreamError, UpstreamErrorKind};

/// A problem for the client, with details for the log only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The code of the problem.
    pub code: Code,
    /// For the client: what happened and what to do.
    pub detail: String,
    /// The places at fault.
    pub errors: Vec<JsonFault>,
    /// When to try again.
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
        Self { errors, ..Self::new(Code::InvalidRequest, "Correct the places that `errors` lists.") }
    }

    /// The caller is not signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Send a bearer token of the configured issuer in the Authorization header.")
    }

    /// A defect of this program, without details.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(Code::Internal, "The request failed because of a fault in this service; report the requestId.")
    }

    /// No grant covers the request. Unknown and forbidden items get the same answer.
    #[must_use]
    pub(in crate::http) fn not_entitled() -> Self {
        Self::new(Code::NotEntitled, "No grant of the caller's tenant covers this request.")
    }

    /// What the page's sign-in has to prove, if an upstream names it.
    #[must_use]
    pub fn claims_challenge(&self) -> Option<&ClaimsChallenge> {
        match &self.cause.as_ref()?.kind {
            UpstreamErrorKind::InteractionRequired { claims } => claims.as_ref(),
            _ => None,
        }
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
        // The document has only texts and numbers, which JSON can always represent.
        serde_json::to_string(&document).unwrap_or_default()
    }

    pub(super) fn at(self, pointer: String, detail: &str) -> Self {
        Self { errors: vec![JsonFault { pointer, detail: detail.to_owned() }], ..self }
    }
}
