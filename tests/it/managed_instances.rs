//! The real `config` binary as Lambda Managed Instances run it: several events at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::environment::{Environment, Seen, trace_of};
use acceptance::swagger;
use acceptance::test_app::view;
use devstack::fake_tenant::ids;
use devstack::{Stack, StackOptions};
use serde_json::{Value, json};

/// Report, dataset, caller, and the dataset's id: each row is a token of its own.
const ASKS: [(&str, &str, &str, &str); 4] = [
    ("sales", "contoso-plan", "carl@contoso", ids::CONTOSO_PLAN),
    ("sales", "contoso-sales", "carl@contoso", ids::CONTOSO_SALES),
    ("ops", "contoso-sales", "ana@contoso", ids::CONTOSO_SALES),
    ("sales", "fabrikam-sales", "frida@fabrikam", ids::FABRIKAM_SALES),
];

/// Events with their request ids, one row of [`ASKS`] after the other.
fn events(stack: &Stack, count: usize) -> Vec<(String, Value)> {
    let rows = ASKS.iter().cycle().enumerate().take(count);
    let event = |(number, (report, dataset, user, _)): (usize, &(&str, &str, &str, &str))| {
        let mut event = stack.event("POST", "/config", Some(user), Some(&view(report, dataset)));
        event["headers"]["x-correlation-id"] = json!(format!("page-{number}"));
        (format!("event-{number}"), event)
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

/// Each answer belongs to the event of its request id, and so does each line of the log.
fn assert_nothing_is_mixed_up(environment: &Environment, seen: &Seen) {
    let lines = environment.request_lines();
    assert_eq!(lines.len(), seen.answers.len());
    for (id, answer) in &seen.answers {
        let number: usize = id.trim_start_matches("event-").parse().unwrap();
        let (.., user, dataset) = ASKS[number % ASKS.len()];
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
async fn as_many_events_as_allowed_are_worked_on_at_the_same_time() {
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let environment = start(&stack, Some("8")).await;
    environment.when(|seen| seen.polls == 8).await;
    stack.powerbi().set_latency(Duration::from_secs(1));
    environment.hand_out(events(&stack, 24));
    let seen = environment.when(|seen| seen.answers.len() == 24).await;
    assert_eq!(seen.most_in_work, 8);
    assert_nothing_is_mixed_up(&environment, &seen);

    let count = |path: &str| stack.log().all().iter().filter(|call| call.path.ends_with(path)).count();
    let (secrets, entra) = (stack.secrets().requests().len(), stack.entra().requests().len());
    assert_eq!((secrets, entra, count("GenerateToken")), (1, 1, ASKS.len()));
    let tokens: Vec<_> = stack.powerbi().requests().into_iter().filter(|call| call.method == "POST").collect();
    swagger::assert_calls(tokens.iter());
    assert!(tokens.iter().all(|one| tokens.iter().all(|other| one.overlaps(other))), "one after the other");
    assert_eq!(environment.request_lines().iter().filter(|line| line["cold_start"] == true).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_variable_events_come_one_at_a_time() {
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let environment = start(&stack, None).await;
    environment.hand_out(events(&stack, 8));
    let seen = environment.when(|seen| seen.answers.len() == 8 && seen.polls == 1).await;
    assert_eq!(seen.most_in_work, 1);
    assert_nothing_is_mixed_up(&environment, &seen);
}
