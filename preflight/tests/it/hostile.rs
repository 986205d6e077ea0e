//! No input makes the library panic or run for a long time.

use preflight::{ModelDefinition, Part, ReportDefinition, compare_with_own};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{legacy, model, pbir};

/// A value that replaces a value of a definition.
fn replacement() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!({})),
        Just(json!([])),
        Just(json!([[[]], {"Column": []}])),
        Just(json!({"Column": {"Expression": {"SourceRef": {"Source": "s"}}, "Property": 5}})),
        Just(json!({"HierarchyLevel": {"Expression": {"Hierarchy": "x"}, "Level": null}})),
        Just(json!("{\"a\": [")),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ]
}

/// Replaces the `n`th value inside a document, counted from its start.
fn replace(value: &mut Value, n: &mut usize, new: &Value) {
    if *n == 0 {
        *value = new.clone();
        *n = usize::MAX;
        return;
    }
    *n -= 1;
    match value {
        Value::Object(map) => map.values_mut().for_each(|child| replace(child, n, new)),
        Value::Array(items) => items.iter_mut().for_each(|child| replace(child, n, new)),
        _ => {}
    }
}

fn compare_all(parts: &[Part], bim: &str) {
    let Ok(report) = ReportDefinition::from_parts(parts) else { return };
    let own = model().read();
    let bound = ModelDefinition::from_tmsl(bim).unwrap_or_else(|_| own.clone());
    let comparison = compare_with_own(&report, &bound, Some(&own));
    for finding in &comparison.findings {
        assert!(!finding.remedy.is_empty() && !finding.viewer_sees.is_empty());
        let _ = finding.to_string();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn documents_with_other_values_are_read(
        in_report in prop::collection::vec((0usize..2000, replacement()), 1..6),
        in_model in prop::collection::vec((0usize..600, replacement()), 0..4),
    ) {
        for mut report in [pbir(), legacy()] {
            for (at, new) in &in_report {
                let mut at = *at;
                report.0.values_mut().for_each(|value| replace(value, &mut at, new));
            }
            let mut bound = model();
            for (at, new) in &in_model {
                replace(&mut bound.0, &mut at.clone(), new);
            }
            compare_all(&report.parts(), &bound.0.to_string());
        }
    }

    #[test]
    fn damaged_bytes_are_read(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        for report in [pbir(), legacy()] {
            let mut parts = report.parts();
            for (at, byte) in &changes {
                let count = parts.len();
                let part = &mut parts[at.index(count)];
                let length = part.payload.len();
                part.payload[at.index(length)] = *byte;
            }
            let mut bim = model().0.to_string().into_bytes();
            for (at, byte) in &changes {
                let length = bim.len();
                bim[at.index(length)] = *byte;
            }
            compare_all(&parts, &String::from_utf8_lossy(&bim));
        }
    }

    #[test]
    fn any_expression_is_read(expression in "[\\PC]{0,40}|[\\[\\]'\"/*\\- a-zA-Z(),]{0,40}") {
        let report = pbir().with("definition/reportExtensions.json", |extension| {
            extension["entities"][0]["measures"][0]["expression"] = json!(expression);
        });
        let bound = model().changed("Sales", "measures", "Net revenue", "expression", expression.clone());
        compare_all(&report.parts(), &bound.0.to_string());
    }
}

#[test]
fn measures_in_a_circle_are_followed_only_once() {
    let circle = model().changed("Sales", "measures", "Net revenue", "expression", "[Orders]").changed(
        "Sales",
        "measures",
        "Orders",
        "expression",
        "[Net revenue]",
    );
    let report = pbir().with("definition/reportExtensions.json", |extension| {
        extension["entities"][0]["measures"][0]["expression"] = json!("[Goal reached] + [Never used]");
        extension["entities"][0]["measures"][1]["expression"] = json!("[Goal reached]");
    });
    compare_all(&report.parts(), &circle.0.to_string());
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "[".repeat(100_000);
    assert!(ModelDefinition::from_tmsl(&deep).is_err());
    let part = Part { path: "definition/report.json".to_owned(), payload: deep.into_bytes() };
    assert!(ReportDefinition::from_parts(&[part]).is_err());
    let mut field = json!({"Column": {"Expression": {"SourceRef": {"Entity": "Sales"}}, "Property": "Gone"}});
    for _ in 0..40 {
        field = json!({"Not": {"Expression": field}});
    }
    let report = pbir().visual("amount", |visual| {
        visual["visual"]["query"]["queryState"]["Values"]["projections"][0]["field"] = field;
    });
    let found = report.against(&model());
    assert_eq!(found.findings.len(), 1);
}

#[test]
fn a_large_model_and_a_large_report_are_compared() {
    let mut large = model();
    for table in 0..200 {
        let columns: Vec<_> =
            (0..50).map(|column| json!({"name": format!("Column {column} of {table}"), "dataType": "int64"})).collect();
        let measures: Vec<_> = (0..20)
            .map(|m| json!({"name": format!("Measure {table} {m}"), "expression": format!("[Measure {table} {}]", m + 1)}))
            .collect();
        large = large.with_table(json!({"name": format!("Table {table}"), "columns": columns, "measures": measures}));
    }
    let mut report = pbir();
    let visual = report.0["definition/pages/overview/visuals/by-region/visual.json"].clone();
    for at in 0..300 {
        let mut copy = visual.clone();
        copy["name"] = json!(format!("copy-{at}"));
        report.0.insert(format!("definition/pages/overview/visuals/copy-{at}/visual.json"), copy);
    }
    let bound = large.without("Region", "columns", "Name");
    let found = report.against_with_own(&bound, &model());
    assert!(found.findings.len() > 300);
}
