//! When an attempt is repeated, and the wait before the next attempt.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::Instant;

use super::error::{UpstreamError, UpstreamErrorKind};
use super::reply::{Reply, SendError};
use crate::request::{RequestContext, Upstream};

const MAX_ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// How long the page has to wait if the upstream throttles without a `Retry-After`.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// The longest wait that is passed on to the page.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// The part of an upstream's answer that decides about another attempt.
pub(crate) trait Answer {
    /// Its status.
    fn status(&self) -> StatusCode;

    /// Its headers, of which `Retry-After` is read.
    fn headers(&self) -> &HeaderMap;

    /// Whether another attempt may get another answer.
    fn is_passing(&self) -> bool {
        is_passing(self.status())
    }
}

impl Answer for Reply {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// How much of the request's time an upstream call may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetryBudget {
    /// Three attempts inside the deadline.
    Full,
    /// Three attempts in a quarter of the remaining time: an old answer is
    /// usable, so the page need not wait long for a new one.
    Brief,
    /// One attempt in a quarter of the remaining time, and another if a connection was
    /// lost: without an answer the request continues with the old value.
    Once,
}

impl RetryBudget {
    /// The budget for a new answer, depending on whether an old one is usable.
    pub(crate) fn when_stale_is_usable(there_is: bool) -> Self {
        if there_is { Self::Brief } else { Self::Full }
    }
}

/// The retry policy of one upstream call.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy<'c> {
    /// The request that the call is for, with its deadline.
    pub context: &'c RequestContext,
    /// Which upstream is called.
    pub upstream: Upstream,
    /// How many attempts, in what part of the request's time.
    pub retry_budget: RetryBudget,
    /// The longest that one attempt may take.
    pub attempt_timeout: Duration,
    /// The wall clock, for a `Retry-After` that is a date.
    pub now: SystemTime,
}

impl RetryPolicy<'_> {
    /// Sends until an answer is final, or no attempt is left.
    ///
    /// `send` gets its time limit as an argument.
    ///
    /// # Errors
    /// `Failed`, `Throttled` or `Timeout`.
    pub(crate) async fn run<A: Answer, F: Future<Output = Result<A, SendError>>>(
        self,
        mut send: impl FnMut(Duration) -> F,
    ) -> Result<A, UpstreamError> {
        let until = self.until();
        let remaining = || until.saturating_duration_since(Instant::now());
        let mut attempt = 1;
        loop {
            let outcome = send(self.attempt_timeout.min(remaining())).await;
            match self.wait_after(attempt, &outcome) {
                Some(wait) if wait < remaining() => tokio::time::sleep(wait).await,
                another => {
                    let wanted_more = another.is_some() && self.retry_budget == RetryBudget::Full;
                    return self
                        .conclude(outcome, remaining())
                        .map_err(|error| error.deadline_exceeded_if(wanted_more));
                }
            }
            attempt += 1;
        }
    }

    fn until(&self) -> Instant {
        match self.retry_budget {
            RetryBudget::Full => self.context.deadline(),
            RetryBudget::Brief | RetryBudget::Once => Instant::now() + self.context.remaining() / 4,
        }
    }

    /// How long to wait before the next attempt; `None` if there is no further attempt.
    fn wait_after(&self, attempt: u32, outcome: &Result<impl Answer, SendError>) -> Option<Duration> {
        match outcome {
            // The first lost connection is most often a pooled one that died
            // while the environment was frozen: a new one is opened at once.
            Err(SendError::Connection) if attempt == 1 => Some(Duration::ZERO),
            _ if attempt >= MAX_ATTEMPTS || self.retry_budget == RetryBudget::Once => None,
            Err(SendError::TooLarge) => None,
            Err(_) => Some(jittered(attempt)),
            Ok(reply) if reply.is_passing() => {
                let asked = retry_after(reply.headers(), self.now).unwrap_or_default();
                Some(asked + jittered(attempt))
            }
            Ok(_) => None,
        }
    }

    fn conclude<A: Answer>(&self, outcome: Result<A, SendError>, remaining: Duration) -> Result<A, UpstreamError> {
        let error = |kind, explanation: &str| Err(UpstreamError::new(self.upstream, kind, explanation));
        let reply = match outcome {
            Ok(reply) => reply,
            Err(fault) => {
                let is_timeout = fault == SendError::Timeout;
                let kind = if is_timeout { UpstreamErrorKind::Timeout } else { UpstreamErrorKind::Failed };
                return error(kind, &fault.to_string());
            }
        };
        if !is_passing(reply.status()) {
            return Ok(reply);
        }
        let asked = retry_after(reply.headers(), self.now);
        let does_not_fit = asked.is_some_and(|asked| asked >= remaining);
        if reply.status() == StatusCode::TOO_MANY_REQUESTS || does_not_fit {
            let retry_after = asked.unwrap_or(DEFAULT_RETRY_AFTER);
            return error(UpstreamErrorKind::Throttled { retry_after }, "too many requests");
        }
        error(UpstreamErrorKind::Failed, &format!("status {}", reply.status().as_u16()))
    }
}

/// Full jitter: anything up to a bound that doubles with each attempt.
fn jittered(attempt: u32) -> Duration {
    FIRST_BACKOFF.mul_f64(fastrand::f64() * f64::from(1_u32 << attempt.min(5)))
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        SystemTime::from(date).duration_since(now).unwrap_or_default()
    };
    Some(asked.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, expected) in [
            ("7", Some(7)),
            ("0", Some(0)),
            ("18446744073709551615", Some(86_400)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{text}");
        }
    }
}
