//! The real `config` binary on Lambda Managed Instances: several events at the same time.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::environment::{Environment, Invocations, trace_of};
use acceptance::swagger;
use acceptance::test_app::view;
use bytes::Bytes;
use devstack::fake_tenant::ids;
use devstack::{Stack, StackOptions};
use serde_json::{Value, json};

/// Report, dataset, user, and the dataset's id: each row needs its own token.
const REQUESTS: [(&str, &str, &str, &str); 4] = [
    ("sales", "contoso-plan", "carl@contoso", ids::CONTOSO_PLAN),
    ("sales", "contoso-sales", "carl@contoso", ids::CONTOSO_SALES),
    ("ops", "contoso-sales", "ana@contoso", ids::CONTOSO_SALES),
    ("sales", "fabrikam-sales", "frida@fabrikam", ids::FABRIKAM_SALES),
];

/// Events with their request ids. Their requests are the rows of [`REQUESTS`], in turns.
fn events(stack: &Stack, count: usize) -> Vec<(String, Bytes)> {
    let rows = REQUESTS.iter().cycle().enumerate().take(count);
    let event = |(number, (report, dataset, user, _)): (usize, &(&str, &str, &str, &str))| {
        let mut event = stack.event("POST", "/config", Some(user), Some(&view(report, dataset)));
        event["headers"]["x-correlation-id"] = json!(format!("page-{number}"));
        (format!("event-{number}"), event.to_string().into())
    };
    rows.map(event).collect()
}

async fn start(stack: &Stack, max_concurrency: Option<&str>) -> Environment {
    let mut variables: BTreeMap<_, _> = stack.variables().clone();
    if let Some(most) = max_concurrency {
        variables.insert("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), most.to_owned());
    }
    Environment::start("config", &variables).await
}

/// Fails unless each answer and each log line belongs to the event of its request id.
fn assert_answers_match_events(environment: &Environment, invocations: &Invocations) {
    let lines = environment.request_lines();
    assert_eq!(lines.len(), invocations.answers.len());
    for (id, answer) in &invocations.answers {
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        let number: usize = id.trim_start_matches("event-").parse().unwrap();
        let (.., user, dataset) = REQUESTS[number % REQUESTS.len()];
        assert_eq!(answer["statusCode"], 200, "{id}: {answer:#}");
        assert_eq!(answer["headers"]["x-correlation-id"], format!("page-{number}"), "{id}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["configs"][0]["datasetBinding"]["datasetId"], dataset, "{id}");
        let line = lines.iter().find(|line| line["lambda_request_id"] == id.as_str()).unwrap();
        assert_eq!((&line["subject"], &line["trace_id"]), (&json!(user), &json!(trace_of(id))), "{id}");
        assert_eq!(line["correlation_id"], format!("page-{number}"), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_environment_works_on_as_many_events_as_allowed() {
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let environment = start(&stack, Some("8")).await;
    environment.wait_until(|so_far| so_far.waiting_polls == 8).await.unwrap();
    stack.powerbi().set_latency(Duration::from_secs(1));
    environment.send(events(&stack, 24));
    let invocations = environment.wait_until(|so_far| so_far.answers.len() == 24).await.unwrap();
    assert_eq!(invocations.most_running, 8);
    assert_answers_match_events(&environment, &invocations);

    let count = |path: &str| stack.log().all().iter().filter(|call| call.path.ends_with(path)).count();
    let (secrets, entra) = (stack.secrets().requests().len(), stack.entra().requests().len());
    assert_eq!((secrets, entra, count("GenerateToken")), (1, 1, REQUESTS.len()));
    let tokens: Vec<_> = stack.powerbi().requests().into_iter().filter(|call| call.method == "POST").collect();
    swagger::assert_calls(tokens.iter());
    assert!(tokens.iter().all(|one| tokens.iter().all(|other| one.overlaps(other))), "the requests are not parallel");
    assert_eq!(environment.request_lines().iter().filter(|line| line["cold_start"] == true).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_variable_an_environment_works_on_one_event_at_a_time() {
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let environment = start(&stack, None).await;
    environment.send(events(&stack, 8));
    let done = |so_far: &Invocations| so_far.answers.len() == 8 && so_far.waiting_polls == 1;
    let invocations = environment.wait_until(done).await.unwrap();
    assert_eq!(invocations.most_running, 1);
    assert_answers_match_events(&environment, &invocations);
}
