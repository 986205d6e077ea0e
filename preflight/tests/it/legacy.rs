//! Reports in PBIR-Legacy.

use serde_json::{Value, json};

use crate::support::{legacy, model, not_checked, texts, the};

#[test]
fn fields_of_queries_are_found_with_their_roles() {
    let found = legacy().against(&model().renamed("Sales", "measures", "Net revenue", "Revenue net"));
    let finding = the(&found, "visual *Revenue by region*");
    assert_eq!(finding.suggestion.as_deref(), Some("Sales[Revenue net]"));
    assert_eq!(finding.used_as, "data role Y");
}

#[test]
fn sorting_and_formatting_are_found() {
    let found = legacy().against(&model().without("Sales", "measures", "Orders"));
    assert_eq!(the(&found, "Sales[Orders]").used_as, "sorting");
    let found = legacy().against(&model().without("Sales", "measures", "Margin"));
    assert_eq!(the(&found, "Sales[Margin]").used_as, "conditional formatting (dataPoint.fill)");
}

#[test]
fn filters_are_found_at_every_level() {
    let table = [
        ("Product", "Discontinued", "report: column"),
        ("Region", "Country", "page *Overview*: column"),
        ("Sales", "Quantity", "page *Overview*, visual *card*: column"),
    ];
    for (table, column, place) in table {
        let found = legacy().against(&model().without(table, "columns", column));
        assert!(texts(&found).iter().any(|text| text.starts_with(place)), "{place}: {:?}", texts(&found));
    }
}

#[test]
fn a_bookmark_and_a_page_parameter_are_found() {
    let found = legacy().against(&model().without("Sales", "columns", "Channel"));
    assert_eq!(the(&found, "Sales[Channel]").used_as, "bookmark Web only");
    let found = legacy().against(&model().without("Region", "columns", "Country"));
    assert_eq!(the(&found, "page *Country*").used_as, "parameter of the page");
}

#[test]
fn the_reports_own_measure_is_known_and_what_it_needs_is_found() {
    let changed = model().without("Sales", "measures", "Orders");
    let found = legacy().against_with_own(&changed, &model());
    let finding = the(&found, "visual *card*");
    assert_eq!(
        (finding.field.as_str(), finding.used_as.as_str()),
        ("Sales[Orders]", "measure Per order of the report")
    );
}

#[test]
fn a_string_that_is_not_json_is_not_checked() {
    let report = legacy().with("report.json", |report| {
        report["sections"][0]["visualContainers"][0]["config"] = json!("{");
        report["sections"][1]["filters"] = json!("not json");
    });
    let found = report.against(&model());
    assert!(not_checked(&found, "page *Overview*: config"), "{:?}", found.not_checked);
    assert!(not_checked(&found, "page *Country*: filters"));
    assert_eq!(texts(&found), [""; 0]);
}

#[test]
fn config_may_be_json_without_a_string_around_it() {
    let report = legacy().with("report.json", unfold);
    let found = report.against(&model().without("Product", "columns", "Category"));
    assert_eq!(texts(&found), ["page *Country*, visual *table*: column `Product[Category]` is missing"]);
}

/// Replaces every string that contains JSON by its content.
fn unfold(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => *value = serde_json::from_str(text).unwrap(),
        Value::Object(map) => map.values_mut().for_each(unfold),
        Value::Array(items) => items.iter_mut().for_each(unfold),
        _ => {}
    }
}

#[test]
fn a_slicer_whose_interaction_is_off_needs_no_relationship() {
    let report = |kind: u32| {
        legacy().with("report.json", |report| {
            report["filters"] = json!("[]");
            let section = &mut report["sections"][1];
            let slicer = json!({"name": "v4", "singleVisual": {"visualType": "slicer",
                "projections": {"Values": [{"queryRef": "Region.Name"}]},
                "prototypeQuery": {"Version": 2, "From": [{"Name": "r", "Entity": "Region", "Type": 0}], "Select": [
                    {"Column": {"Expression": {"SourceRef": {"Source": "r"}}, "Property": "Name"}, "Name": "Region.Name"}]}}});
            let slicer = json!({"config": slicer.to_string(), "filters": "[]"});
            section["visualContainers"].as_array_mut().unwrap().push(slicer);
            let off = json!({"relationships": [{"source": "v4", "target": "v3", "type": kind}]});
            section["config"] = json!(off.to_string());
        })
    };
    let bound = model().without_relationship("rel-region");
    let on = report(1).against_with_own(&bound, &model());
    the(&on, "visual *table*: a filter on `Region` does not reach `Sales`");
    let off = report(3).against_with_own(&bound, &model());
    assert!(!texts(&off).iter().any(|text| text.contains("visual *table*")), "{:?}", texts(&off));
}
