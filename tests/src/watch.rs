//! Evaluates the alarms of `template.yaml` over the metrics of one period.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::access_log::AccessLog;
use crate::embedded_metrics;
use crate::project;

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| project::yaml("template.yaml"));

/// The metrics in CloudWatch. Each metric has one value for all functions together.
#[derive(Debug, Default)]
pub struct Watch(BTreeMap<String, f64>);

impl Watch {
    /// Adds the metrics of a request's line.
    pub fn read(&mut self, line: &Value) {
        for datum in embedded_metrics::read(line) {
            let value = self.0.entry(format!("{} {}", datum.namespace, datum.label())).or_default();
            if datum.name.ends_with("Latency") {
                *value = datum.values.iter().copied().fold(*value, f64::max);
            } else {
                *value += datum.values.iter().sum::<f64>();
            }
        }
    }

    /// Counts a request at the gateway.
    pub fn request(&mut self, status: u16) {
        *self.0.entry("AWS/ApiGateway Count".to_owned()).or_default() += 1.0;
        *self.0.entry("AWS/ApiGateway 5xx".to_owned()).or_default() += if status >= 500 { 1.0 } else { 0.0 };
    }

    /// Adds a metric that AWS itself measures.
    pub fn platform(&mut self, namespace: &str, metric: &str, value: f64) {
        self.0.insert(format!("{namespace} {metric}"), value);
    }

    /// Whether the metrics of this period exceed the alarm's threshold.
    #[must_use]
    pub fn is_raised(&self, alarm: &str, access: &AccessLog) -> bool {
        let alarm = &TEMPLATE["Resources"][alarm]["Properties"];
        let threshold = &alarm["Threshold"];
        let parameter = threshold["Ref"].as_str().map(|name| &TEMPLATE["Parameters"][name]["Default"]);
        let threshold = parameter.unwrap_or(threshold).as_f64().unwrap();
        let value = match alarm["Metrics"].as_array() {
            None => self.value(alarm, access),
            Some(metrics) => {
                let returned = metrics.iter().find(|metric| metric["ReturnData"] != false).unwrap();
                self.of_expression(returned, metrics, access)
            }
        };
        match alarm["ComparisonOperator"].as_str().unwrap() {
            "GreaterThanThreshold" => value > threshold,
            "GreaterThanOrEqualToThreshold" => value >= threshold,
            other => panic!("{other} is not supported here"),
        }
    }

    fn value(&self, metric: &Value, access: &AccessLog) -> f64 {
        let namespace = metric["Namespace"]["Fn::Sub"].as_str().or(metric["Namespace"].as_str()).unwrap();
        let name = metric["MetricName"].as_str().unwrap();
        if let Some(counted) = access.counted(name) {
            return counted;
        }
        let mut label = format!("{} {name}", namespace.replace("${AWS::StackName}", "dynabind"));
        for dimension in metric["Dimensions"].as_array().into_iter().flatten() {
            // The other dimensions name a resource, and there is only one of each kind.
            if let Some(value) = dimension["Value"].as_str() {
                label = format!("{label} {}={value}", dimension["Name"].as_str().unwrap());
            }
        }
        self.0.get(&label).copied().unwrap_or_default()
    }

    fn of_expression(&self, metric: &Value, all: &[Value], access: &AccessLog) -> f64 {
        let Some(expression) = metric["Expression"].as_str() else {
            return self.value(&metric["MetricStat"]["Metric"], access);
        };
        let by_id = |id: &str| {
            let found = all.iter().find(|metric| metric["Id"] == id).unwrap_or_else(|| panic!("no metric {id}"));
            self.of_expression(found, all, access)
        };
        if let Some(part) = expression.strip_prefix("SUM(FILL(METRICS(") {
            let part = part.split(')').next().unwrap().trim_matches('"');
            let stats = all.iter().filter(|metric| metric["MetricStat"].is_object());
            let parts = stats.filter(|metric| metric["Id"].as_str().unwrap().contains(part));
            return parts.map(|metric| self.of_expression(metric, all, access)).sum();
        }
        let inner = expression.strip_prefix("IF(").and_then(|rest| rest.strip_suffix(", 0)"));
        let (condition, then) = inner.and_then(|inner| inner.split_once(", ")).expect("IF(condition, value, 0)");
        let (id, least) = condition.split_once(" >= ").expect("id >= least");
        if by_id(id) < least.parse().unwrap() {
            return 0.0;
        }
        match then.strip_prefix("100 * ").and_then(|share| share.split_once(" / ")) {
            Some((part, whole)) => 100.0 * by_id(part) / by_id(whole),
            None => by_id(then),
        }
    }
}
