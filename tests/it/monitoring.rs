//! Alarms, metrics and dashboard of `template.yaml`, held against the lines that the functions really write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use acceptance::front_door::{FrontDoor, ManualClock, view};
use acceptance::project;
use devstack::Fault;
use dynabind::http::Code;
use dynabind::telemetry::{self, Sink};
use serde_json::Value;
use tracing::Level;

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| project::yaml("template.yaml"));

fn resources(kind: &str) -> BTreeMap<&'static str, &'static Value> {
    let all = TEMPLATE["Resources"].as_object().unwrap();
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (name.as_str(), &resource["Properties"])).collect()
}

/// Everything below `value` that stands under `key`.
fn under<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    let mut found: Vec<_> = value.get(key).into_iter().collect();
    let inner: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    found.extend(inner.into_iter().flat_map(|inner| under(inner, key)));
    found
}

#[test]
fn every_alarm_names_its_runbook() {
    let operations = project::text("docs/operations.md");
    let alarms = resources("AWS::CloudWatch::Alarm");
    assert!(alarms.len() > 8);
    for (name, alarm) in alarms {
        let (_, section) = alarm["AlarmDescription"].as_str().unwrap().split_once("docs/operations.md#").unwrap();
        assert_eq!(section, name.to_lowercase());
        assert!(operations.contains(&format!("\n### {name}\n")), "no runbook for {name}");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{name}: a quiet night is no alarm");
        for actions in ["AlarmActions", "OKActions"] {
            let actions = &alarm[actions]["Fn::If"];
            assert_eq!(
                (&actions[0], &actions[1][0]["Ref"]),
                (&"HasAlarmTopic".into(), &"AlarmTopicArn".into()),
                "{name}"
            );
        }
    }
}

#[test]
fn alarms_watch_metrics_that_there_are() {
    let made: BTreeSet<_> = resources("AWS::Logs::MetricFilter")
        .values()
        .map(|filter| filter["MetricTransformations"][0]["MetricName"].as_str().unwrap())
        .collect();
    let codes: BTreeSet<_> = Code::ALL.into_iter().map(Code::as_str).collect();
    for (name, alarm) in resources("AWS::CloudWatch::Alarm") {
        let ours = under(alarm, "Namespace").iter().any(|namespace| namespace["Fn::Sub"].is_string());
        for metric in under(alarm, "MetricName").into_iter().filter(|_| ours) {
            assert!(made.contains(metric.as_str().unwrap()), "{name}: {metric}");
        }
        for dimension in under(alarm, "Dimensions").into_iter().filter(|list| list[0]["Name"] == "Problem") {
            assert!(codes.contains(dimension[0]["Value"].as_str().unwrap()), "{name}: {dimension}");
        }
    }
}

#[test]
fn a_deployment_is_taken_back_for_our_own_faults_only() {
    let preference = &TEMPLATE["Globals"]["Function"]["DeploymentPreference"];
    let alarms = resources("AWS::CloudWatch::Alarm");
    let watched: Vec<_> =
        preference["Alarms"].as_array().unwrap().iter().map(|alarm| alarm["Ref"].as_str().unwrap()).collect();
    assert_eq!(watched, ["FunctionErrors", "InternalErrors"]);
    for name in watched {
        // The API calls the alias that the deployment moves.
        assert!(!alarms[name].to_string().contains("\"Api\""), "{name} would make a circle");
    }
}

/// SAM makes a new version for a changed file and not for a changed parameter.
#[test]
fn every_parameter_of_the_functions_makes_a_new_version() {
    // These belong to the alias and to the function as a whole.
    let not_of_a_version = ["ReservedConcurrency", "ProvisionedConcurrency", "Deployment"];
    let global = &TEMPLATE["Globals"]["Function"];
    let parameters = TEMPLATE["Parameters"].as_object().unwrap();
    for (name, function) in resources("AWS::Serverless::Function") {
        assert_eq!(function["AutoPublishAliasAllProperties"], true, "{name}");
        let description = function["VersionDescription"].to_string();
        for used in under(global, "Ref").into_iter().map(|used| used.as_str().unwrap()) {
            let of_version = parameters.contains_key(used) && !not_of_a_version.contains(&used);
            let told = description.contains(&format!("${{{used}}}")) || description.contains(&format!("\"{used}\""));
            assert!(!of_version || told, "{name}: {used} would change and the alias would not follow");
        }
    }
    assert_eq!(TEMPLATE["Resources"]["CatalogLayer"]["Properties"]["PublishLambdaVersion"], true);
}

#[test]
fn the_dashboard_can_be_read() {
    let dashboard = resources("AWS::CloudWatch::Dashboard")["Dashboard"];
    let body = dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    for name in body.split("${").skip(1).map(|rest| rest.split(['}', '.']).next().unwrap()) {
        assert!(name.starts_with("AWS::") || TEMPLATE["Resources"][name].is_object(), "no resource {name}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    let mut taken = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        let number = |key: &str| widget[key].as_u64().unwrap();
        assert!(number("x") + number("width") <= 24, "{widget}");
        for x in number("x")..number("x") + number("width") {
            for y in number("y")..number("y") + number("height") {
                assert!(taken.insert((x, y)), "{} lies over another", widget["properties"]["title"]);
            }
        }
    }
    let shown = body["widgets"][0]["properties"]["alarms"].as_array().unwrap().len();
    assert_eq!(shown, resources("AWS::CloudWatch::Alarm").len(), "an alarm that is not on the dashboard");
}

/// Whether a line matches a filter pattern, as far as ours go: `{ ($.field = "text*") && (…) }`.
fn matches(pattern: &str, line: &Value) -> bool {
    let inner = pattern.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    assert!(!(inner.contains("&&") && inner.contains("||")), "mixed: {pattern}");
    let mut terms = inner.split(['&', '|']).map(str::trim).filter(|term| !term.is_empty()).map(|term| {
        let term = term.trim_start_matches('(').trim_end_matches(')');
        let (field, text) = term.split_once(" = ").unwrap();
        let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
        line[field.strip_prefix("$.").unwrap()].as_str().is_some_and(|value| like(text, value))
    });
    if inner.contains("||") { terms.any(|held| held) } else { terms.all(|held| held) }
}

/// Whether `value` is like `pattern`, in which `*` stands for anything.
fn like(pattern: &str, value: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap();
    let Some(mut rest) = value.strip_prefix(first) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// How often each metric of the template counts in `lines`: its name, with the problem where it has one.
fn counted(lines: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let filters = resources("AWS::Logs::MetricFilter");
    let of_config = filters.into_iter().filter(|(name, _)| name.starts_with("Config"));
    for (_, filter) in of_config {
        let metric = &filter["MetricTransformations"][0];
        for line in lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            if matches(filter["FilterPattern"].as_str().unwrap(), &line) {
                let dimension = metric["Dimensions"][0]["Value"].as_str().map(|field| &line[&field[2..]]);
                let name = [metric["MetricName"].as_str(), dimension.and_then(Value::as_str)];
                *counts.entry(name.into_iter().flatten().collect::<Vec<_>>().join(" ")).or_default() += 1;
            }
        }
    }
    counts
}

/// Takes what was written since the last time.
fn taken(lines: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut *lines.lock().unwrap())
}

#[tokio::test]
async fn the_metrics_count_what_happens() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&lines);
    let sink: Sink = Arc::new(move |line| written.lock().unwrap().push(line.to_owned()));
    let _guard =
        tracing::subscriber::set_default(telemetry::subscriber(Level::INFO, Arc::new(ManualClock::default()), sink));
    let door = FrontDoor::open().await;
    let ask = async |dataset: &str| door.config("carl@contoso", view("sales", dataset)).await.status;
    let count = |expected: &[(&str, usize)]| {
        let expected: BTreeMap<_, _> = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let lines = taken(&lines);
        assert_eq!(counted(&lines), expected, "{lines:#?}");
    };

    let unreadable = Fault::Status { status: 500, headers: BTreeMap::new(), body: String::new() };
    door.stack.secrets().fail("*", unreadable.clone(), None);
    assert_eq!(ask("contoso-plan").await, 503);
    count(&[("Problems credentials-unavailable", 1), ("SecretTrouble", 1)]);

    door.stack.secrets().clear_faults();
    assert_eq!(ask("contoso-plan").await, 200);
    assert_eq!(ask("fabrikam-sales").await, 403);
    count(&[("Problems not-entitled", 1)]);

    // What was read of the secret still serves, and nobody notices yet.
    for fault in [unreadable.clone(), Fault::ResetBeforeAnswer] {
        door.stack.secrets().fail("*", fault, None);
        door.clock.advance(Duration::from_mins(50));
        assert_eq!(ask("contoso-plan").await, 200);
        count(&[("SecretTrouble", 1)]);
        door.stack.secrets().clear_faults();
    }

    // A token is kept, Power BI is in trouble, and the page does not notice.
    door.stack.powerbi().fail("*", unreadable, None);
    door.clock.advance(Duration::from_mins(50));
    assert_eq!(ask("contoso-plan").await, 200);
    count(&[("Fallbacks", 1)]);
    assert_eq!(ask("contoso-sales").await, 502);
    count(&[("Problems upstream-failed", 1)]);
}

#[test]
fn patterns_are_read_as_cloudwatch_reads_them() {
    for (pattern, value, expected) in [
        ("a*", "abc", true),
        ("*b*", "abc", true),
        ("*", "", true),
        ("*c", "abc", true),
        ("b*", "abc", false),
        ("ab", "abc", false),
    ] {
        assert_eq!(like(pattern, value), expected, "{pattern} {value}");
    }
}
