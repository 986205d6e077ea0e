//! The calls that the stand-ins received, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::sync::lock;
use crate::time_source::rfc3339;

/// The number of calls that the log keeps.
const CAPACITY: usize = 10_000;

/// Fields whose values are credentials, wherever they appear.
const SECRET_FIELDS: [&str; 5] = ["client_secret", "client_assertion", "assertion", "accessToken", "SecretString"];

/// The service that a stand-in replaces.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Microsoft Entra ID.
    Entra,
    /// The Power BI REST API.
    PowerBi,
    /// The Fabric REST API.
    Fabric,
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS Security Token Service.
    Sts,
    /// Amazon DynamoDB, if a test has a fake of it.
    #[serde(rename = "dynamodb")]
    DynamoDb,
}

impl Service {
    /// Reads a name of the control API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "entra" => Some(Self::Entra),
            "powerbi" | "power-bi" => Some(Self::PowerBi),
            "fabric" => Some(Self::Fabric),
            "secrets-manager" | "secrets" => Some(Self::SecretsManager),
            "sts" => Some(Self::Sts),
            "dynamodb" => Some(Self::DynamoDb),
            _ => None,
        }
    }
}

/// One request that reached a stand-in.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    /// Its number among the calls to all stand-ins.
    pub sequence: u64,
    /// The service that was called.
    pub service: Service,
    /// When its body had arrived completely.
    pub at: SystemTime,
    /// The id of its connection, unique in the process.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// The headers, names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body: JSON unchanged, a form as an object, anything else as a string.
    pub body: Value,
    /// The status of the answer, once there is one.
    pub status: Option<u16>,
    began: u64,
    ended: Option<u64>,
}

impl RecordedCall {
    /// The first value of a header, whose name is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether both calls ran at the same time.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let before = |a: &Self, b: &Self| a.ended.is_some_and(|ended| ended < b.began);
        !before(self, other) && !before(other, self)
    }

    /// The call without credentials.
    #[must_use]
    pub fn redacted(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), Value::String(redacted_header(name, value))))
            .collect();
        json!({
            "sequence": self.sequence,
            "service": self.service,
            "at": rfc3339(self.at),
            "connection": self.connection,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": headers,
            "body": redacted_body(&self.body),
            "status": self.status,
        })
    }
}

/// The calls to all stand-ins, oldest first.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Journal>>);

#[derive(Debug, Default)]
struct Journal {
    last_sequence: u64,
    /// Counts the starts and the ends of calls.
    moment: u64,
    calls: VecDeque<RecordedCall>,
}

impl CallLog {
    /// Every call in the log.
    #[must_use]
    pub fn all(&self) -> Vec<RecordedCall> {
        lock(&self.0).calls.iter().cloned().collect()
    }

    /// The calls to one service.
    #[must_use]
    pub fn of(&self, service: Service) -> Vec<RecordedCall> {
        lock(&self.0).calls.iter().filter(|call| call.service == service).cloned().collect()
    }

    /// Removes every call. Sequence numbers continue.
    pub fn clear(&self) {
        lock(&self.0).calls.clear();
    }

    /// Removes the calls to one service.
    pub fn clear_of(&self, service: Service) {
        lock(&self.0).calls.retain(|call| call.service != service);
    }

    pub(crate) fn begin(&self, arrival: Arrival<'_>) -> u64 {
        let mut log = lock(&self.0);
        log.last_sequence += 1;
        log.moment += 1;
        let call = arrival.into_call(log.last_sequence, log.moment);
        if log.calls.len() == CAPACITY {
            log.calls.pop_front();
        }
        log.calls.push_back(call);
        log.last_sequence
    }

    pub(crate) fn answered(&self, sequence: u64, status: u16) {
        let mut log = lock(&self.0);
        log.moment += 1;
        let moment = log.moment;
        if let Some(call) = log.calls.iter_mut().rev().find(|call| call.sequence == sequence) {
            call.status = Some(status);
            call.ended = Some(moment);
        }
    }
}

/// A request that is being logged.
pub(crate) struct Arrival<'a> {
    pub(crate) service: Service,
    pub(crate) at: SystemTime,
    pub(crate) connection: u64,
    pub(crate) parts: &'a Parts,
    pub(crate) body: &'a [u8],
}

impl Arrival<'_> {
    fn into_call(self, sequence: u64, began: u64) -> RecordedCall {
        let headers =
            self.parts.headers.iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
        let headers: Vec<_> = headers.collect();
        RecordedCall {
            sequence,
            service: self.service,
            at: self.at,
            connection: self.connection,
            method: self.parts.method.to_string(),
            path: self.parts.uri.path().to_owned(),
            query: self.parts.uri.query().unwrap_or_default().to_owned(),
            body: parsed_body(&headers, self.body),
            headers,
            status: None,
            began,
            ended: None,
        }
    }
}

fn parsed_body(headers: &[(String, String)], body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let is_form = headers
        .iter()
        .any(|(name, value)| name == "content-type" && value.starts_with("application/x-www-form-urlencoded"));
    if is_form && let Ok(pairs) = serde_urlencoded::from_bytes::<Vec<(String, String)>>(body) {
        return pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn redacted_header(name: &str, value: &str) -> String {
    if name != "authorization" && name != "x-amz-security-token" && name != "cookie" {
        return value.to_owned();
    }
    match value.split_once(' ') {
        Some((scheme, rest)) => format!("{scheme} [{} characters]", rest.len()),
        None => format!("[{} characters]", value.len()),
    }
}

fn redacted_body(body: &Value) -> Value {
    let Value::Object(fields) = body else {
        return body.clone();
    };
    let redacted = fields.iter().map(|(name, value)| {
        let secret = SECRET_FIELDS.contains(&name.as_str());
        (name.clone(), if secret { json!("[redacted]") } else { value.clone() })
    });
    Value::Object(redacted.collect())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn logged(content_type: &str, body: &str) -> RecordedCall {
        let request = http::Request::post("/a?b=c")
            .header("content-type", content_type)
            .header("authorization", "Bearer abc")
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let log = CallLog::default();
        log.begin(Arrival {
            service: Service::Entra,
            at: UNIX_EPOCH,
            connection: 1,
            parts: &parts,
            body: body.as_bytes(),
        });
        log.all().remove(0)
    }

    #[test]
    fn a_form_is_logged_as_an_object() {
        let call = logged("application/x-www-form-urlencoded", "client_id=a&client_secret=b%20c");
        assert_eq!(call.body, json!({"client_id": "a", "client_secret": "b c"}));
    }

    #[test]
    fn a_redacted_call_has_no_credentials() {
        let call = logged("application/x-www-form-urlencoded", "client_secret=hunter2");
        let text = call.redacted().to_string();
        assert!(!text.contains("hunter2") && !text.contains("Bearer abc"), "{text}");
        assert_eq!(call.header("authorization"), Some("Bearer abc"));
    }
}
