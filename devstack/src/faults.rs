//! Injected faults: how a stand-in fails.

mod body;
mod script;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

pub(crate) use script::FaultScript;

use crate::server::Connection;

/// One way for an upstream to fail.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Fault {
    /// Answers with this response.
    Status {
        /// The status code.
        status: u16,
        /// Headers, for example `Retry-After` or `X-PowerBI-Error-Info`.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// The body.
        #[serde(default)]
        body: String,
    },
    /// Never answers.
    Hang,
    /// Sends the correct response byte by byte.
    SlowDrip {
        /// The wait before each byte.
        interval_ms: u64,
    },
    /// Resets the connection before the first byte of the response.
    ResetBeforeAnswer,
    /// Resets the connection in the middle of a correct response.
    ResetMidBody,
    /// Redirects with a 307.
    Redirect {
        /// The `Location`.
        location: String,
    },
    /// Answers 200 with well-formed JSON of at least this size.
    HugeBody {
        /// The size.
        bytes: u64,
    },
    /// Answers 200 with the first half of the correct body.
    TruncatedJson,
    /// Answers like a broken load balancer: 502 and a page of HTML.
    HtmlBadGateway,
    /// Sends the correct response later.
    Delay {
        /// The wait before the request is handled.
        delay_ms: u64,
    },
}

impl Fault {
    /// A status with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let headers = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        Self::Status { status, headers, body: body.to_string() }
    }

    /// A status with an empty body and one header.
    #[must_use]
    pub fn empty(status: u16, header: (&str, &str)) -> Self {
        let headers = BTreeMap::from([(header.0.to_owned(), header.1.to_owned())]);
        Self::Status { status, headers, body: String::new() }
    }

    /// A 429 whose `Retry-After` has the seconds to wait.
    #[must_use]
    pub fn throttled(retry_after_seconds: u64) -> Self {
        Self::empty(429, ("retry-after", &retry_after_seconds.to_string()))
    }

    /// Applies the fault; `good` makes the correct response.
    pub(crate) async fn answer(self, connection: &Connection, good: impl Future<Output = Response>) -> Response {
        match self {
            Self::Status { status, headers, body } => status_answer(status, &headers, body),
            Self::Hang => never(std::future::pending().await),
            Self::SlowDrip { interval_ms } => body::dripping(good.await, Duration::from_millis(interval_ms)).await,
            Self::ResetBeforeAnswer => never(connection.reset().await),
            Self::ResetMidBody => body::breaking_off(good.await, connection.clone()).await,
            Self::Redirect { location } => redirect(&location),
            Self::HugeBody { bytes } => body::huge(bytes),
            Self::TruncatedJson => body::truncated(good.await).await,
            Self::HtmlBadGateway => html_bad_gateway(),
            Self::Delay { delay_ms } => {
                tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                good.await
            }
        }
    }
}

fn never(nothing: Infallible) -> Response {
    match nothing {}
}

fn status_answer(status: u16, headers: &BTreeMap<String, String>, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn redirect(location: &str) -> Response {
    let headers = BTreeMap::from([(LOCATION.to_string(), location.to_owned())]);
    status_answer(307, &headers, String::new())
}

fn html_bad_gateway() -> Response {
    let headers = BTreeMap::from([(CONTENT_TYPE.to_string(), "text/html".to_owned())]);
    let page = "<html><head><title>502 Bad Gateway</title></head>\
                <body><center><h1>502 Bad Gateway</h1></center></body></html>";
    status_answer(502, &headers, page.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_is_read_as_the_control_api_documents_it() {
        let fault: Fault = serde_json::from_value(json!({
            "kind": "status", "status": 429, "headers": {"Retry-After": "2"}
        }))
        .unwrap();
        let headers = BTreeMap::from([("Retry-After".to_owned(), "2".to_owned())]);
        assert_eq!(fault, Fault::Status { status: 429, headers, body: String::new() });
        let fault: Fault = serde_json::from_value(json!({"kind": "slow-drip", "intervalMs": 5})).unwrap();
        assert_eq!(fault, Fault::SlowDrip { interval_ms: 5 });
        assert!(serde_json::from_value::<Fault>(json!({"kind": "explode"})).is_err());
    }
}
