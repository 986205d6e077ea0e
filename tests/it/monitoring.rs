//! Alarms, metrics and dashboard of `template.yaml`, compared with the lines that the functions write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use acceptance::access_log::AccessLog;
use acceptance::embedded_metrics::{self, Datum};
use acceptance::log_lines::LogLines;
use acceptance::project;
use acceptance::test_app::{TestApp, view};
use acceptance::watch::Watch;
use devstack::Fault;
use dynabind::http::{Code, metrics};
use serde_json::{Value, json};
use tracing::Level;

/// The alarms that page an operator.
const PAGES: [&str; 8] = [
    "ApiFailures",
    "CallersRefused",
    "EntraErrors",
    "FunctionErrors",
    "GatewayRejections",
    "ProbeFailures",
    "SecretTrouble",
    "UpstreamRefusals",
];

const NAMESPACE: &str = "Dynabind/${AWS::StackName}";

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| project::yaml("template.yaml"));

fn resources(kind: &str) -> BTreeMap<&'static str, &'static Value> {
    let all = TEMPLATE["Resources"].as_object().unwrap();
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (name.as_str(), &resource["Properties"])).collect()
}

/// Every value of `key` below `value`.
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
    let (_, told) = operations.split_once("These alarms go to `PageTopicArn`:").unwrap();
    let told = told.split("All other alarms").next().unwrap();
    let alarms = resources("AWS::CloudWatch::Alarm");
    assert!(alarms.len() > 8);
    for (name, alarm) in alarms {
        let description = alarm["AlarmDescription"]["Fn::Sub"].as_str().unwrap();
        let (_, section) = description.split_once("See ${RunbookUrl}#").unwrap();
        assert_eq!(section, name.to_lowercase());
        assert!(operations.contains(&format!("\n### {name}\n")), "no runbook for {name}");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{name}: missing data must not raise the alarm");
        let severity = if PAGES.contains(&name) { "Page" } else { "Ticket" };
        assert!(
            operations.contains(&format!("\n### {name}\n\n{severity}")),
            "the section of {name} names another topic"
        );
        let is_told = told.contains(&format!("[{name}](#{section})"));
        assert_eq!(is_told, severity == "Page", "{name} in the list of the alarms that page");
        for actions in ["AlarmActions", "OKActions"] {
            let actions = &alarm[actions]["Fn::If"];
            assert_eq!(actions[0], format!("Has{severity}Topic"), "{name}");
            assert_eq!(actions[1][0]["Ref"], format!("{severity}TopicArn"), "{name}");
        }
    }
    assert!(project::root().join("docs/operations.md").exists());
    let url = TEMPLATE["Parameters"]["RunbookUrl"]["Default"].as_str().unwrap();
    assert!(url.ends_with("/docs/operations.md"), "{url}");
}

#[test]
fn alarms_watch_existing_metrics() {
    let of_access_log: Vec<_> = resources("AWS::Logs::MetricFilter")
        .into_values()
        .map(|filter| filter["MetricTransformations"][0]["MetricName"].as_str().unwrap())
        .collect();
    let mut watched = 0;
    for (name, alarm) in resources("AWS::CloudWatch::Alarm") {
        let metrics = under(alarm, "Metric").into_iter().chain([alarm]);
        for metric in metrics.filter(|metric| metric["Namespace"]["Fn::Sub"] == NAMESPACE) {
            let dimensions = metric["Dimensions"].as_array().map(Vec::as_slice).unwrap_or_default();
            let dimensions = dimensions.iter().map(|of| (of["Name"].as_str().unwrap(), of["Value"].as_str().unwrap()));
            let metric = metric["MetricName"].as_str().unwrap();
            if !of_access_log.contains(&metric) {
                assert_is_made(metric, &dimensions.collect::<Vec<_>>(), name);
            }
            watched += 1;
        }
    }
    assert!(watched > 8, "{watched}");
}

/// Fails unless request lines carry the metric with these dimensions.
fn assert_is_made(metric: &str, dimensions: &[(&str, &str)], place: &str) {
    let made = metrics::all().find(|made| made.name == metric).unwrap_or_else(|| panic!("{place}: no metric {metric}"));
    let sets = made.dimensions.sets();
    let names: Vec<_> = dimensions.iter().map(|(name, _)| *name).collect();
    assert!(sets.contains(&names.as_slice()), "{place}: {metric} is not counted by {names:?}");
    for (name, value) in dimensions {
        let known = match *name {
            "problem" => Code::ALL.iter().any(|code| code.as_str() == *value),
            "route" => ["/token", "/config", "/datasets", "/timings"].contains(value),
            _ => false,
        };
        assert!(known, "{place}: {name} is never {value}");
    }
}

#[test]
fn a_deployment_is_rolled_back_only_for_our_own_errors() {
    let preference = &TEMPLATE["Globals"]["Function"]["DeploymentPreference"];
    let alarms = resources("AWS::CloudWatch::Alarm");
    let watched: Vec<_> = preference["Alarms"]["Fn::If"][1]
        .as_array()
        .unwrap()
        .iter()
        .map(|alarm| alarm["Ref"].as_str().unwrap())
        .collect();
    assert_eq!(watched, ["FunctionErrors", "InternalErrors"]);
    for name in watched {
        // The API depends on the alias that the deployment changes.
        assert!(!alarms[name].to_string().contains("\"Api\""), "{name} would make a circular dependency");
    }
}

/// SAM publishes a new version for a changed file, but not for a changed parameter.
#[test]
fn a_change_of_any_function_parameter_publishes_a_new_version() {
    // The function as a whole, its alias, and the deployment of a version.
    let not_of_a_version = ["ReservedConcurrency", "ProvisionedConcurrency", "Deployment"];
    let global = &TEMPLATE["Globals"]["Function"];
    let parameters = TEMPLATE["Parameters"].as_object().unwrap();
    for (name, function) in resources("AWS::Serverless::Function") {
        assert_eq!(function["AutoPublishAliasAllProperties"], true, "{name}");
        let mut description = function["VersionDescription"].to_string();
        for (condition, definition) in TEMPLATE["Conditions"].as_object().unwrap() {
            if description.contains(&format!("[\"{condition}\",")) {
                description.push_str(&definition.to_string());
            }
        }
        for used in under(global, "Ref").into_iter().map(|used| used.as_str().unwrap()) {
            let of_version = parameters.contains_key(used) && !not_of_a_version.contains(&used);
            let is_described =
                description.contains(&format!("${{{used}}}")) || description.contains(&format!("\"{used}\""));
            assert!(!of_version || is_described, "{name}: a change of {used} would not publish a new version");
        }
    }
}

#[test]
fn the_dashboard_is_valid() {
    let dashboard = resources("AWS::CloudWatch::Dashboard")["Dashboard"];
    let body = dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    for name in body.split("${").skip(1).map(|rest| rest.split(['}', '.']).next().unwrap()) {
        assert!(name.starts_with("AWS::") || TEMPLATE["Resources"][name].is_object(), "no resource {name}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    for metric in under(&body, "metrics").iter().flat_map(|list| list.as_array().unwrap()) {
        let texts: Vec<_> = metric.as_array().unwrap().iter().map_while(Value::as_str).collect();
        let [NAMESPACE, metric, dimensions @ ..] = texts.as_slice() else { continue };
        let dimensions: Vec<_> = dimensions.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        assert_is_made(metric, &dimensions, "Dashboard");
    }
    let mut taken = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        let number = |key: &str| widget[key].as_u64().unwrap();
        assert!(number("x") + number("width") <= 24, "{widget}");
        for x in number("x")..number("x") + number("width") {
            for y in number("y")..number("y") + number("height") {
                assert!(taken.insert((x, y)), "{} overlaps another widget", widget["properties"]["title"]);
            }
        }
    }
    let shown = body["widgets"][0]["properties"]["alarms"].as_array().unwrap().len();
    assert_eq!(shown, resources("AWS::CloudWatch::Alarm").len(), "an alarm that is not on the dashboard");
}

/// How often each metric occurs in the lines, without latencies.
fn counted(lines: &[Value]) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    let latency = |datum: &Datum| datum.name.ends_with("Latency");
    for datum in lines.iter().flat_map(embedded_metrics::read).filter(|datum| !latency(datum)) {
        assert_eq!(datum.namespace, "Dynabind/dynabind", "as the template says it");
        *counts.entry(datum.label()).or_default() += datum.values.iter().sum::<f64>();
    }
    counts
}

#[tokio::test]
async fn the_metrics_count_what_happens() {
    let lines = LogLines::at(Level::INFO);
    let app = TestApp::open().await;
    let ask = async |dataset: &str| app.config("carl@contoso", view("sales", dataset)).await.status;
    let count = |expected: &[(&str, f64)]| {
        let expected: BTreeMap<_, _> = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let lines = lines.take_requests();
        assert_eq!(counted(&lines), expected, "{lines:#?}");
    };

    let unreadable = Fault::Status { status: 500, headers: BTreeMap::new(), body: String::new() };
    app.stack.secrets().fail("*", unreadable.clone(), None);
    assert_eq!(ask("contoso-plan").await, 503);
    let unread = ("SecretsManagerErrors", 3.0);
    count(&[("ColdStart", 1.0), ("Problems problem=credentials-unavailable", 1.0), ("SecretTrouble", 1.0), unread]);

    app.stack.secrets().clear_faults();
    assert_eq!(ask("contoso-plan").await, 200);
    count(&[("EmbedTokenLoads", 1.0), ("SecretRefresh", 1.0)]);
    assert_eq!((ask("contoso-plan").await, ask("fabrikam-sales").await), (200, 403));
    count(&[("EmbedTokenHits", 1.0), ("NotEntitled", 1.0), ("Problems problem=not-entitled", 1.0)]);

    // The cached secret is still used, so no request fails.
    for (fault, attempts) in [(unreadable.clone(), 1.0), (Fault::ResetBeforeAnswer, 2.0)] {
        app.stack.secrets().fail("*", fault, None);
        app.clock.advance(Duration::from_mins(50));
        assert_eq!(ask("contoso-plan").await, 200);
        count(&[("EmbedTokenLoads", 1.0), ("SecretTrouble", 1.0), ("SecretsManagerErrors", attempts)]);
        app.stack.secrets().clear_faults();
    }

    // A malformed secret is stored. Entra still accepts the cached one, and then refuses it.
    let malformed = json!({ "ARN": "a", "Name": "n", "VersionId": "v2", "SecretString": r#"{"tenantId":"t"}"# });
    app.stack.secrets().fail("*", Fault::json(200, &malformed), None);
    app.clock.advance(Duration::from_mins(50));
    assert_eq!(ask("contoso-plan").await, 200);
    count(&[("EmbedTokenLoads", 1.0), ("SecretRefresh", 1.0), ("SecretTrouble", 1.0)]);
    app.stack.entra().fail(
        "*",
        Fault::json(401, &json!({ "error": "invalid_client", "error_codes": [7_000_215] })),
        None,
    );
    app.clock.advance(Duration::from_mins(62));
    assert_eq!(ask("contoso-plan").await, 502);
    let line = lines.take_requests();
    assert_eq!(counted(&line).get("SecretTrouble"), Some(&1.0), "{line:#?}");
    let cause = line[0]["cause"].as_str().unwrap();
    assert!(cause.contains("the secret is malformed: the field `clientId` is missing"), "{cause}");
    app.stack.entra().clear_faults();
    app.stack.secrets().clear_faults();
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(ask("contoso-plan").await, 200);
    let _ = lines.take_requests();

    // Power BI fails, and the page gets a cached token.
    app.stack.powerbi().fail("*", unreadable, None);
    app.clock.advance(Duration::from_mins(50));
    assert_eq!(ask("contoso-plan").await, 200);
    let lines = lines.take_requests();
    assert_eq!(counted(&lines).get("Fallbacks"), Some(&1.0));
    assert_eq!(
        lines[0]["level"], "WARN",
        "with LogLevel WARN, the lines that TokensFromReserve watches are still written"
    );
}

#[tokio::test]
async fn each_upstream_attempt_is_measured() {
    let lines = LogLines::at(Level::WARN);
    let app = TestApp::with_variables(&[("DYNABIND_METRICS_NAMESPACE", "Ours")]).await;
    let busy = Fault::Status { status: 429, headers: [("retry-after".into(), "0".into())].into(), body: String::new() };
    app.stack.powerbi().fail("*GenerateToken", busy, Some(2));
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    let lines = lines.take_requests();
    assert_eq!(lines.len(), 1, "an answer from the cache is not a warning");
    let data = embedded_metrics::read(&lines[0]);
    let values = |label: &str| data.iter().find(|datum| datum.label() == label).map(|datum| datum.values.clone());
    let attempts = |label: &str| values(label).map(|values| values.len());
    assert_eq!(values("PowerBiThrottles"), Some(vec![2.0]));
    assert_eq!(attempts("PowerBiLatency"), Some(3));
    assert_eq!(attempts("EntraLatency"), Some(1));
    assert_eq!(attempts("Latency"), attempts("Latency route=/token"));
    assert_eq!(values("PowerBiErrors"), None, "an error that did not occur is not counted");
    assert!(values("Latency").unwrap()[0] >= values("EntraLatency").unwrap()[0]);
    assert!(data.iter().all(|datum| datum.namespace == "Ours"));
}

#[test]
fn a_metric_is_listed_once() {
    let names: Vec<_> = metrics::all().map(|metric| metric.name).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "{names:?}");
}

/// The alarms are raised at the same share of failures, for ten users and for ten thousand users, in five minutes.
#[test]
fn alarms_of_shares_fit_small_and_large_stacks() {
    let raised = |failures: u16, requests: u16| {
        let mut watch = Watch::default();
        for number in 0..requests {
            watch.request(if number < failures { 502 } else { 200 });
        }
        watch.is_raised("ApiFailures", &AccessLog::default())
    };
    assert!(!raised(2, 2), "two failed requests are not an incident");
    for requests in [10, 3_000] {
        assert!(!raised(requests / 50, requests), "2 % of {requests}");
        assert!(raised(requests / 3, requests), "a third of {requests}");
    }
}

#[tokio::test]
async fn callers_page_an_operator_if_nearly_all_of_them_are_refused() {
    let lines = LogLines::at(Level::WARN);
    let app = TestApp::open().await;
    let _ = app.token("ana@contoso", view("sales", "fabrikam-sales")).await;
    let refused = lines.take_requests();
    let raised = |refusals: usize, requests: usize| {
        let mut watch = Watch::default();
        (0..refusals).for_each(|_| watch.read(&refused[0]));
        (0..requests).for_each(|_| watch.request(403));
        watch.is_raised("CallersRefused", &AccessLog::default())
    };
    for (refusals, requests, expected) in
        [(2, 2, false), (3, 3, true), (3, 10, false), (70, 100, false), (90, 100, true)]
    {
        assert_eq!(raised(refusals, requests), expected, "{refusals} of {requests}");
    }
}
