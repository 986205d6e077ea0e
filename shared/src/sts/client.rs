//! `GetWebIdentityToken`, the only call of STS that is used.
//!
//! The call is a signed form. The SDK's own signer is enough for it, so no third SDK client has to be built.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{self, SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use reqwest::Url;

use super::refusal::unavailable;
use super::wire;
use crate::aws;
use crate::clock::Clock;
use crate::domain::{Expiry, TokenText};
use crate::request::RequestContext;
use crate::settings::{Aws, Federation};
use crate::upstream::{Answer, Http, Reply, RetryBudget, Upstream, UpstreamError, UpstreamErrorKind, as_code};

const ROUTE: &str = "GetWebIdentityToken";
const FORM: &str = "application/x-www-form-urlencoded";

/// The life of a token, which is the default of the service and the longest that the template's policy allows.
const LIFE: Duration = Duration::from_mins(5);

/// The STS endpoint of the function's own region.
pub struct StsClient {
    http: Http,
    url: Url,
    region: String,
    identity: Identity,
    form: String,
    clock: Arc<dyn Clock>,
}

/// A signed statement of AWS about the function's role.
#[derive(Clone)]
pub struct IdentityToken {
    /// The JSON Web Token.
    pub value: TokenText,
    /// When it ends.
    pub expiry: Expiry,
}

impl fmt::Debug for IdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityToken").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// A reply as the retry policy sees it: AWS throttles with a 400.
struct StsReply {
    status: StatusCode,
    reply: Reply,
}

impl Answer for StsReply {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.reply.headers
    }
}

impl StsClient {
    /// A client whose tokens are for Entra.
    #[must_use]
    pub fn new(aws: &Aws, federation: &Federation, http: Http, clock: Arc<dyn Clock>) -> Self {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("Action", ROUTE),
                ("Version", "2011-06-15"),
                ("Audience.member.1", federation.audience),
                ("DurationSeconds", &LIFE.as_secs().to_string()),
                ("SigningAlgorithm", "RS256"),
            ])
            .finish();
        let identity = aws::credentials(aws).into();
        Self { http, url: federation.sts_url.clone(), region: aws.region.clone(), identity, form, clock }
    }

    /// Requests a token.
    ///
    /// # Errors
    /// `CredentialsUnavailable`, or `Timeout` if the request's time has run out.
    pub async fn token(
        &self,
        context: &RequestContext,
        retry_budget: RetryBudget,
    ) -> Result<IdentityToken, UpstreamError> {
        let asked_at = self.clock.now();
        let mut headers =
            self.signed_headers(asked_at).ok_or_else(|| unavailable(None, "the request cannot be signed"))?;
        let trace = context.ids().trace.as_deref().and_then(|trace| HeaderValue::from_str(trace).ok());
        headers.extend(trace.map(|trace| (HeaderName::from_static("x-amzn-trace-id"), trace)));
        // A signature is valid for five minutes, which is longer than all attempts take.
        let request =
            || self.http.request(Method::POST, self.url.clone()).headers(headers.clone()).body(self.form.clone());
        let attempt = self.http.attempt(context, Upstream::Sts, retry_budget, asked_at);
        let send = async |limit| {
            let reply = self.http.send(context, Upstream::Sts, ROUTE, limit, request()).await?;
            let code = wire::code(&reply.body);
            Ok(StsReply { status: aws::status_of(reply.status.as_u16(), code.as_deref()), reply })
        };
        match attempt.run(send).await {
            Ok(StsReply { reply, .. }) => token_of(&reply, asked_at),
            Err(error) if error.kind == UpstreamErrorKind::Timeout && context.remaining().is_zero() => Err(error),
            Err(error) => Err(UpstreamError {
                deadline_exceeded: error.deadline_exceeded,
                ..unavailable(None, &error.explanation)
            }),
        }
    }

    /// The headers of a request that was signed at `at`; `None` if the request cannot be signed.
    fn signed_headers(&self, at: SystemTime) -> Option<HeaderMap> {
        let params = v4::SigningParams::builder()
            .identity(&self.identity)
            .region(&self.region)
            .name("sts")
            .time(at)
            .settings(SigningSettings::default())
            .build()
            .ok()?
            .into();
        let fixed = [(header::CONTENT_TYPE.as_str(), FORM)].into_iter();
        let body = SignableBody::Bytes(self.form.as_bytes());
        let request = SignableRequest::new(Method::POST.as_str(), self.url.as_str(), fixed, body).ok()?;
        let (instructions, _) = http_request::sign(request, &params).ok()?.into_parts();
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(FORM))]);
        for (name, value) in instructions.headers() {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
        }
        Some(headers)
    }
}

fn token_of(reply: &Reply, asked_at: SystemTime) -> Result<IdentityToken, UpstreamError> {
    let failed = |code, cause: &str| {
        let request_id = reply.headers.get("x-amzn-requestid").and_then(|id| as_code(id.to_str().ok()?));
        Err(UpstreamError { request_id, ..unavailable(code, cause) })
    };
    if !reply.status.is_success() {
        return failed(wire::code(&reply.body), &format!("status {}", reply.status.as_u16()));
    }
    let Some((value, end)) = wire::token(&reply.body) else {
        return failed(None, "the answer is not of the documented shape");
    };
    // Counted from before the request, so that the token is never thought to live longer than it does.
    let life = end.duration_since(asked_at).unwrap_or_default().min(LIFE);
    if life.is_zero() {
        return failed(None, "the token has already expired: check the clock of this service");
    }
    Ok(IdentityToken { value: value.to_owned().into(), expiry: Expiry { at: asked_at + life, life } })
}
