//! Sends events to the functions, and checks the answers against the contract.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dynabind::App;
use dynabind::clock::Clock;
use dynabind::http::{Code, GatewayEvent, Request, invoke};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use test_support::clock::ManualClock;
use tokio::runtime::Runtime;

use crate::fixtures::ACCESS_TOKEN;
use crate::log;

thread_local! {
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

/// The statuses so far, with the function.
static SEEN: Mutex<BTreeSet<(&str, u16)>> = Mutex::new(BTreeSet::new());

/// The maximum number of faults in an answer.
const MOST_FAULTS: usize = 50;

/// The gateway's limit for all headers of an answer ("Quotas for configuring and running an HTTP API").
const LONGEST_HEADERS: usize = 10_240;

/// The margin that the functions subtract from Lambda's deadline.
const MARGIN: Duration = Duration::from_millis(500);

/// The functions.
pub const FUNCTIONS: [&str; 3] = ["token", "config", "datasets"];

/// A function's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, which is always JSON.
    pub body: Value,
}

impl Answer {
    /// The code of a problem; `ok` for a success.
    #[must_use]
    pub fn code(&self) -> &str {
        let code = self.body["type"].as_str().and_then(|kind| kind.strip_prefix("urn:dynabind:problem:"));
        if self.status == 200 { "ok" } else { code.unwrap_or_default() }
    }

    /// The text of the embed token in the answer.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let of_config = || self.body["configs"][0]["accessToken"].as_str();
        self.body["token"].as_str().or_else(of_config).filter(|_| self.status == 200)
    }
}

/// The statuses of all answers in this process. A test requires several of them, so that not every input is refused.
#[must_use]
pub fn seen() -> BTreeSet<(&'static str, u16)> {
    SEEN.lock().unwrap().clone()
}

/// Runs on this thread's runtime.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Sends an event to a function, and checks the answer and the log against the contract. Neither a problem nor a log line may
/// contain one of `secrets`.
pub(crate) fn send(
    app: &Arc<App>,
    function: &'static str,
    event: GatewayEvent,
    time: Duration,
    secrets: &[&str],
) -> Answer {
    log::begin();
    let answer = block_on(deliver(app, function, event, ManualClock::default().now() + time, secrets));
    SEEN.lock().unwrap().insert((function, answer.status));
    let lines = log::end(secrets);
    let line = lines.last().expect("a request writes a line");
    assert_eq!((&line["message"], &line["status"]), (&"request".into(), &answer.status.into()), "{line}");
    answer
}

/// Sends an event to a function with a deadline by the application's clock, and checks the answer against the contract.
pub async fn deliver(
    app: &Arc<App>,
    function: &'static str,
    event: GatewayEvent,
    deadline: SystemTime,
    secrets: &[&str],
) -> Answer {
    let mut context = Context::default();
    let deadline = (deadline + MARGIN).duration_since(SystemTime::UNIX_EPOCH).unwrap();
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
    let answer = invoke(handle, LambdaEvent::new(event, context)).await.unwrap();
    checked(&serde_json::to_value(answer).expect("the gateway's form"), secrets)
}

fn checked(answer: &Value, secrets: &[&str]) -> Answer {
    let status = u16::try_from(answer["statusCode"].as_u64().expect("a status")).expect("a status");
    let text = answer["body"].as_str().expect("a body");
    let body: Value = serde_json::from_str(text).expect("a body of JSON");
    assert_eq!(header(answer, "cache-control"), "no-store");
    let headers = [&answer["headers"], &answer["multiValueHeaders"]].map(|headers| headers.to_string().len());
    assert!(headers.iter().all(|length| *length <= LONGEST_HEADERS), "{headers:?} bytes of headers");
    assert!(!answer.to_string().contains(ACCESS_TOKEN), "the access token leaves: {answer}");
    if status == 200 {
        assert_eq!(header(answer, "content-type"), "application/json");
        return Answer { status, body };
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
    Answer { status, body }
}

/// A header, in either of the two formats of an answer.
fn header<'a>(answer: &'a Value, name: &str) -> &'a str {
    let single = answer["headers"][name].as_str();
    single.or_else(|| answer["multiValueHeaders"][name][0].as_str()).unwrap_or_default()
}
