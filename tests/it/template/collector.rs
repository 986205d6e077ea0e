//! The collector of spans in `template.yaml`.

use acceptance::deployed::{Parameters, deploy};
use serde_json::{Value, json};

use super::TEMPLATE;

#[test]
fn spans_go_to_a_collector_that_is_a_layer_of_the_same_processor() {
    let layer = "arn:aws:lambda:eu-west-1:901920570463:layer:aws-otel-collector-";
    let on: Parameters<'_> = &[("Collector", "adot")];
    let stacks = deploy(&[&[], on, &[on, &[("Architecture", "x86_64"), ("Catalog", "dynamodb:contoso")]].concat()]);
    for (stack, processors, endpoint) in [
        (&stacks[0], &[][..], ""),
        (&stacks[1], &["arm64"][..], "http://localhost:4318"),
        (&stacks[2], &["amd64"], "http://localhost:4318"),
    ] {
        for function in ["TokenFunction", "ConfigFunction", "DatasetsFunction"] {
            let properties = &stack.resource(function)["Properties"];
            let layers = properties["Layers"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let collectors: Vec<_> = layers.filter_map(|arn| arn.strip_prefix(layer)).collect();
            let expected: Vec<_> = processors.iter().map(|processor| format!("{processor}-ver-0-117-0:1")).collect();
            assert_eq!(collectors, expected, "{function}");
            assert_eq!(properties["Environment"]["Variables"]["OTEL_EXPORTER_OTLP_ENDPOINT"], endpoint);
        }
    }
}

/// Without the rights that `Tracing` gives, X-Ray would refuse every span.
#[test]
fn a_collector_needs_the_rights_to_write_traces() {
    let rule = &TEMPLATE["Rules"]["CollectorNeedsTracing"];
    assert_eq!(rule["RuleCondition"]["Fn::Equals"], json!([{ "Ref": "Collector" }, "adot"]));
    let refused = json!([{ "Fn::Equals": [{ "Ref": "Tracing" }, "Disabled"] }]);
    assert_eq!(rule["Assertions"][0]["Assert"]["Fn::Not"], refused);
}
