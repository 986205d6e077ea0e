//! The gateway's access log, in the format of `template.yaml`.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::insights::Filter;
use crate::project;

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| project::yaml("template.yaml"));

/// Lines of the access log.
#[derive(Debug, Default)]
pub struct AccessLog(Vec<Value>);

impl AccessLog {
    /// Adds the line of a request that a function or the gateway itself answered.
    pub fn add(&mut self, status: u16, by_the_gateway: bool, authorizer_error: &str) {
        self.add_of("-", status, by_the_gateway, authorizer_error);
    }

    /// Adds the line of a request that a function answered to a caller.
    pub fn answered(&mut self, subject: &str, status: u16) {
        self.add_of(subject, status, false, "-");
    }

    fn add_of(&mut self, subject: &str, status: u16, by_the_gateway: bool, authorizer_error: &str) {
        let status = status.to_string();
        let format = TEMPLATE["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"].as_str().unwrap();
        let format: Map<String, Value> = serde_json::from_str(format).unwrap();
        let line = format.into_iter().map(|(field, variable)| {
            let value = match variable.as_str().unwrap() {
                "$context.status" => &status,
                "$context.integration.status" if !by_the_gateway => &status,
                "$context.authorizer.error" => authorizer_error,
                "$context.authorizer.claims.sub" => subject,
                // The gateway writes a hyphen for absent values.
                _ => "-",
            };
            (field, json!(value))
        });
        self.0.push(line.collect());
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Value] {
        &self.0
    }

    /// How often a metric filter of the template has counted this metric.
    #[must_use]
    pub fn counted(&self, metric: &str) -> Option<f64> {
        let resources = TEMPLATE["Resources"].as_object().unwrap().values();
        let mut filters = resources.filter(|resource| resource["Type"] == "AWS::Logs::MetricFilter");
        let filter = filters.find(|filter| filter["Properties"]["MetricTransformations"][0]["MetricName"] == metric)?;
        let filter = Filter::of_metric_filter(filter["Properties"]["FilterPattern"].as_str().unwrap());
        Some(self.0.iter().filter(|line| filter.matches(line)).map(|_| 1.0).sum())
    }
}
