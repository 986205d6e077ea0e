//! A reader of CloudWatch's embedded metric format.
//!
//! It follows "Specification: Embedded metric format" in CloudWatch's user guide.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

const UNITS: &[&str] = &["Milliseconds", "Count"];

static SHAPE: LazyLock<Validator> = LazyLock::new(|| {
    let name = |most: u32| json!({ "type": "string", "minLength": 1, "maxLength": most });
    let object = |properties: Value| {
        let required: Vec<_> = properties.as_object().unwrap().keys().cloned().collect();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    };
    let metric = object(json!({ "Name": name(1024), "Unit": { "enum": UNITS } }));
    let directive = object(json!({
        "Namespace": { "type": "string", "pattern": "^(?!AWS/)[A-Za-z0-9._/#:-]{1,255}$" },
        "Dimensions": {
            "type": "array", "minItems": 1, "uniqueItems": true,
            "items": { "type": "array", "maxItems": 30, "uniqueItems": true, "items": name(250) },
        },
        "Metrics": { "type": "array", "minItems": 1, "maxItems": 100, "items": metric },
    }));
    let metadata = object(json!({
        "Timestamp": { "type": "integer", "minimum": 1 },
        "CloudWatchMetrics": { "type": "array", "minItems": 1, "items": directive },
    }));
    let root = json!({ "type": "object", "properties": { "_aws": metadata }, "required": ["_aws"] });
    jsonschema::validator_for(&root).unwrap()
});

/// The values of one metric in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// The namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its dimensions, by name.
    pub dimensions: BTreeMap<String, String>,
    /// The measured values.
    pub values: Vec<f64>,
}

impl Datum {
    /// Name and dimensions, as in `Problems problem=internal`.
    #[must_use]
    pub fn label(&self) -> String {
        let dimensions = self.dimensions.iter().map(|(name, value)| format!(" {name}={value}"));
        std::iter::once(self.name.clone()).chain(dimensions).collect()
    }
}

/// The metrics that CloudWatch reads from a line. It panics if the line breaks a rule; CloudWatch would ignore the line
/// silently.
#[must_use]
pub fn read(line: &Value) -> Vec<Datum> {
    let faults: Vec<_> = SHAPE.iter_errors(line).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?} in {line:#}");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let data: Vec<_> = directives.iter().flat_map(|directive| of_directive(line, directive)).collect();
    let labels: BTreeSet<_> = data.iter().map(Datum::label).collect();
    assert_eq!(labels.len(), data.len(), "a metric is repeated: {line:#}");
    data
}

fn of_directive<'l>(line: &'l Value, directive: &'l Value) -> impl Iterator<Item = Datum> {
    let sets = directive["Dimensions"].as_array().unwrap();
    let metrics = directive["Metrics"].as_array().unwrap();
    metrics.iter().flat_map(move |metric| {
        sets.iter().map(move |set| {
            let name = metric["Name"].as_str().unwrap();
            let dimensions = set.as_array().unwrap().iter().map(|dimension| dimension_of(line, dimension)).collect();
            let namespace = directive["Namespace"].as_str().unwrap().to_owned();
            Datum { namespace, name: name.to_owned(), dimensions, values: values_of(line, name) }
        })
    })
}

fn dimension_of(line: &Value, name: &Value) -> (String, String) {
    let name = name.as_str().unwrap();
    let value = line[name].as_str().unwrap_or_else(|| panic!("dimension {name} is not a text at the root: {line:#}"));
    assert!((1..=1024).contains(&value.len()), "{name}: {value}");
    (name.to_owned(), value.to_owned())
}

fn values_of(line: &Value, name: &str) -> Vec<f64> {
    let values = match &line[name] {
        Value::Array(values) => values.iter().map(Value::as_f64).collect(),
        value => value.as_f64().map(|value| vec![value]),
    };
    let values: Vec<f64> = Option::unwrap_or_else(values, || panic!("metric {name} is not a number: {line:#}"));
    assert!((1..=100).contains(&values.len()), "{name}: {} values", values.len());
    values
}
