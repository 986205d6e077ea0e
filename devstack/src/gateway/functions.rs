//! The functions, in this process, each with its own caches.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::response::Response;
use dynabind::App;
use dynabind::clock::Clock;
use dynabind::http::{GatewayEvent, Request, Response as FunctionResponse};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;

use super::reply::{from_function, integration_failure};
use super::watched::Watched;
use crate::error::StartError;
use crate::template::FunctionSettings;
use crate::time_source::{TimeSource, unix_millis};

/// The gateway's maximum wait for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The id of Lambda's span of a request.
const SEGMENT_ID: &str = "53995c3f42cd8ad8";

type Handler = Box<dyn Fn(Request) -> BoxFuture<'static, FunctionResponse> + Send + Sync>;

/// Every function, by the name of its binary. When the catalog's file changes, the functions restart, as after a deployment.
pub(crate) struct Functions {
    running: RwLock<Arc<Running>>,
    plan: Plan,
    catalog: Option<Watched>,
    time: TimeSource,
}

type Running = BTreeMap<String, Function>;

struct Function {
    handler: Arc<Handler>,
    timeout: Duration,
}

/// What is needed to start the functions.
struct Plan {
    environments: BTreeMap<String, (BTreeMap<String, String>, Duration)>,
    clock: Arc<dyn Clock>,
}

impl Plan {
    fn start(&self) -> Result<Arc<Running>, StartError> {
        let started = self.environments.iter().map(|(name, (environment, timeout))| {
            let handler = Arc::new(handler(name, environment, &self.clock)?);
            Ok((name.clone(), Function { handler, timeout: *timeout }))
        });
        Ok(Arc::new(started.collect::<Result<_, StartError>>()?))
    }
}

impl Functions {
    /// Starts every function of the template. `variables` override those of the template.
    pub(crate) fn start(
        settings: &BTreeMap<String, FunctionSettings>,
        variables: &BTreeMap<String, String>,
        clock: &Arc<dyn Clock>,
        time: TimeSource,
    ) -> Result<Self, StartError> {
        let with_ours = |(name, settings): (&String, &FunctionSettings)| {
            let mut environment = settings.variables.clone();
            environment.extend(variables.clone());
            (name.clone(), (environment, settings.timeout))
        };
        let plan = Plan { environments: settings.iter().map(with_ours).collect(), clock: Arc::clone(clock) };
        let file = variables.get("DYNABIND_CATALOG").and_then(|source| source.strip_prefix("file:"));
        let catalog = file.map(|path| Watched::new(path.into()));
        Ok(Self { running: RwLock::new(plan.start()?), plan, catalog, time })
    }

    /// Loads the catalog's file if it has changed. A catalog with faults is not used; its faults are printed.
    pub(crate) fn look_at_catalog(&self) {
        if !self.catalog.as_ref().is_some_and(Watched::has_changed) {
            return;
        }
        match self.plan.start() {
            Ok(running) => {
                *self.running.write().unwrap_or_else(PoisonError::into_inner) = running;
                say("the catalog has changed and is in use");
            }
            Err(error) => say(&format!("the catalog has changed and is not used: {error}")),
        }
    }

    /// Restarts every function with empty memory.
    pub(crate) fn restart(&self) -> Result<(), StartError> {
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = self.plan.start()?;
        Ok(())
    }

    /// Invokes a function, and returns its answer.
    pub(crate) async fn invoke(&self, name: &str, event: Value, request_id: &str) -> Response {
        self.invoke_within(name, event, request_id, INTEGRATION_TIMEOUT).await
    }

    /// Invokes a function with at most `limit` of time.
    pub(crate) async fn invoke_within(&self, name: &str, event: Value, request_id: &str, limit: Duration) -> Response {
        self.look_at_catalog();
        let running = Arc::clone(&self.running.read().unwrap_or_else(PoisonError::into_inner));
        let Some(function) = running.get(name) else {
            return integration_failure();
        };
        let timeout = function.timeout.min(INTEGRATION_TIMEOUT).min(limit);
        let mut context = Context::default();
        request_id.clone_into(&mut context.request_id);
        context.deadline = unix_millis(self.time.now() + timeout);
        context.xray_trace_id = event["headers"]["x-amzn-trace-id"].as_str().map(segment_of);
        // A panic ends the invocation, not the gateway.
        let run = AssertUnwindSafe(run(function, event, context)).catch_unwind();
        match tokio::time::timeout(timeout, run).await {
            Ok(Ok(Ok(answer))) => from_function(answer).unwrap_or_else(integration_failure),
            _ => integration_failure(),
        }
    }
}

/// Lambda continues the gateway's trace in its own segment, and decides about sampling if the gateway has not.
fn segment_of(trace: &str) -> String {
    let decision = if trace.contains("Sampled=") { "" } else { ";Sampled=1" };
    format!("{trace};Parent={SEGMENT_ID}{decision}")
}

fn say(what: &str) {
    let _ = writeln!(io::stderr(), "devstack: {what}");
}

/// One invocation: event JSON in, gateway JSON out.
async fn run(function: &Function, event: Value, context: Context) -> Result<Value, Error> {
    // The event is parsed from text, as with the Runtime API: an event that a function cannot read must fail here too.
    let event: GatewayEvent = serde_json::from_str(&event.to_string())?;
    let answer = dynabind::http::invoke(function.handler.as_ref(), LambdaEvent::new(event, context)).await?;
    Ok(serde_json::to_value(answer)?)
}

fn handler(name: &str, environment: &BTreeMap<String, String>, clock: &Arc<dyn Clock>) -> Result<Handler, StartError> {
    let fault = |faults: String| StartError::Function { function: name.to_owned(), faults };
    let app = App::from_vars(&|name| environment.get(name).cloned(), Arc::clone(clock));
    let app = app.map_err(|faults| {
        let lines: Vec<_> = faults.0.iter().map(ToString::to_string).collect();
        fault(lines.join("; "))
    })?;
    let app = Arc::new(app);
    match name {
        "token" => Ok(Box::new(move |request| {
            let app = Arc::clone(&app);
            async move { token_function::handle(&app, request).await }.boxed()
        })),
        "config" => Ok(Box::new(move |request| {
            let app = Arc::clone(&app);
            async move { config_function::handle(&app, request).await }.boxed()
        })),
        "datasets" => Ok(Box::new(move |request| {
            let app = Arc::clone(&app);
            async move { datasets_function::handle(&app, request).await }.boxed()
        })),
        _ => Err(fault("the development stack has no such function".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::StatusCode;
    use serde_json::json;

    use super::*;

    fn functions(handler: Handler) -> Functions {
        let function = Function { handler: Arc::new(handler), timeout: Duration::from_millis(50) };
        let time = TimeSource::new(|| SystemTime::UNIX_EPOCH);
        let running = RwLock::new(Arc::new(BTreeMap::from([("f".to_owned(), function)])));
        let plan = Plan { environments: BTreeMap::new(), clock: Arc::new(dynabind::clock::SystemClock) };
        Functions { running, plan, catalog: None, time }
    }

    async fn status(handler: Handler, event: Value) -> StatusCode {
        functions(handler).invoke("f", event, "r1").await.status()
    }

    fn event() -> Value {
        json!({
            "version": "2.0", "routeKey": "GET /f", "rawPath": "/f", "rawQueryString": "", "headers": {},
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d",
                "http": {
                    "method": "GET", "path": "/f", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "",
                },
                "requestId": "r1", "routeKey": "GET /f", "stage": "$default", "time": "", "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        })
    }

    fn teapot(_: Request) -> BoxFuture<'static, FunctionResponse> {
        let answer = http::Response::builder().status(418).body("short and stout".to_owned());
        async move { answer.unwrap() }.boxed()
    }

    #[tokio::test]
    async fn an_answer_passes_and_every_failure_looks_alike() {
        assert_eq!(status(Box::new(teapot), event()).await, 418);
        let failures: [Handler; 2] =
            [Box::new(|_| async { panic!("on purpose") }.boxed()), Box::new(|_| std::future::pending().boxed())];
        for handler in failures {
            assert_eq!(status(handler, event()).await, 500);
        }
    }
}
