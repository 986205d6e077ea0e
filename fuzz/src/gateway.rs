//! An event in, an answer of the contract out.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dynabind::App;
use dynabind::clock::Clock;
use dynabind::http::{Code, GatewayEvent, invoke};
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::{Context, Request};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::log;
use crate::recorder::{ACCESS_TOKEN, StoppedClock};

thread_local! {
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

/// Which function gave which statuses so far.
static SEEN: Mutex<BTreeSet<(&str, u16)>> = Mutex::new(BTreeSet::new());

/// How many places at fault an answer may list.
const MOST_FAULTS: usize = 50;

/// The gateway's limit for all headers of an answer ("Quotas for configuring and running an HTTP API").
const LONGEST_HEADERS: usize = 10_240;

/// What Lambda is to be told to leave beside the time for the work.
const MARGIN: Duration = Duration::from_millis(500);

/// The functions.
pub(crate) const FUNCTIONS: [&str; 3] = ["token", "config", "datasets"];

/// What a function answered, and what it wrote meanwhile.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) tenant: String,
}

/// The statuses that the functions have answered in this process: promises about answers are worth
/// little where every answer is a refusal.
#[must_use]
pub fn seen() -> BTreeSet<(&'static str, u16)> {
    SEEN.lock().unwrap().clone()
}

/// Runs on this thread's runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Hands an event to a function and holds the answer against the contract.
/// `secrets` are those that neither a problem nor a log line may hold.
pub(crate) fn send(
    app: &Arc<App>,
    function: &'static str,
    event: GatewayEvent,
    time: Duration,
    secrets: &[&str],
) -> Answer {
    log::begin();
    let mut context = Context::default();
    let deadline = (StoppedClock.now() + time + MARGIN).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    let handle = |request: Request| {
        let app = Arc::clone(app);
        async move {
            match function {
                "token" => token_function::handle(&app, request).await,
                "config" => config_function::handle(&app, request).await,
                _ => datasets_function::handle(&app, request).await,
            }
        }
    };
    let answer =
        block_on(async { serde_json::to_value(invoke(handle, LambdaEvent::new(event, context)).await.unwrap()) });
    let answer = answer.expect("the gateway's form");
    let (status, body) = checked(&answer, secrets);
    SEEN.lock().unwrap().insert((function, status));
    let lines = log::end(secrets);
    let line = lines.last().expect("a request writes a line");
    assert_eq!((&line["message"], &line["status"]), (&"request".into(), &status.into()), "{line}");
    Answer { status, body, tenant: line["tenant"].as_str().unwrap_or_default().to_owned() }
}

fn checked(answer: &Value, secrets: &[&str]) -> (u16, Value) {
    let status = u16::try_from(answer["statusCode"].as_u64().expect("a status")).expect("a status");
    let text = answer["body"].as_str().expect("a body");
    let body: Value = serde_json::from_str(text).expect("a body of JSON");
    assert_eq!(header(answer, "cache-control"), "no-store");
    let headers = [&answer["headers"], &answer["multiValueHeaders"]].map(|headers| headers.to_string().len());
    assert!(headers.iter().all(|length| *length <= LONGEST_HEADERS), "{headers:?} bytes of headers");
    assert!(!answer.to_string().contains(ACCESS_TOKEN), "the access token leaves: {answer}");
    if status == 200 {
        assert_eq!(header(answer, "content-type"), "application/json");
        return (status, body);
    }
    assert_eq!(header(answer, "content-type"), "application/problem+json");
    let is_of_contract = |code: &Code| {
        body["type"] == format!("urn:dynabind:problem:{}", code.as_str())
            && body["title"] == code.title()
            && (body["status"] == status, status) == (true, code.status().as_u16())
    };
    assert!(Code::ALL.iter().any(is_of_contract), "{status} {body}");
    assert!(body["errors"].as_array().is_none_or(|errors| errors.len() <= MOST_FAULTS), "{body}");
    for secret in secrets {
        assert!(!answer.to_string().contains(secret), "a secret in {answer}");
    }
    (status, body)
}

/// A header in either of the places that a gateway's formats have for one.
fn header<'a>(answer: &'a Value, name: &str) -> &'a str {
    let single = answer["headers"][name].as_str();
    single.or_else(|| answer["multiValueHeaders"][name][0].as_str()).unwrap_or_default()
}
