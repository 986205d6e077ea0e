//! Twenty cases without a fault, which must not be reported.

use preflight::{ModelDefinition, compare};
use serde_json::{Value, json};

use crate::support::{assert_quiet, legacy, model, pbir};

#[test]
fn a_report_and_its_own_model_agree() {
    for report in [pbir(), legacy()] {
        assert_quiet(&report.against(&model()));
        assert_quiet(&report.against_with_own(&model(), &model()));
    }
}

#[test]
fn names_in_another_case_are_the_same_names() {
    let other = model()
        .renamed("Sales", "measures", "Net revenue", "NET Revenue")
        .renamed("Region", "columns", "Name", "NAME")
        .renamed("Region", "hierarchies", "Geography", "geography");
    assert_quiet(&pbir().against_with_own(&other, &model()));
}

#[test]
fn fields_that_the_report_does_not_use_may_be_gone() {
    let other = model().without("Product", "columns", "Name").without("Sales", "columns", "Channel").without(
        "Sales",
        "columns",
        "Gross amount",
    );
    let report = pbir().with("definition/pages/overview/page.json", |page| {
        page["filterConfig"]["filters"].as_array_mut().unwrap().pop();
    });
    assert_quiet(&report.against_with_own(&other, &model()));
}

#[test]
fn the_reports_own_measures_are_not_missing() {
    let found = pbir().against(&model());
    assert!(!found.findings.iter().any(|finding| finding.field.contains("Goal reached")));
    // They are not missing either if a query names them without their schema.
    let report = pbir().visual("geography", |visual| {
        visual["visual"]["query"]["queryState"]["Values"]["projections"][0]["field"]["Measure"]["Expression"] =
            json!({"SourceRef": {"Entity": "Sales"}});
    });
    assert_quiet(&report.against(&model()));
}

#[test]
fn an_unused_measure_of_the_report_is_not_checked() {
    let extensions = pbir().0["definition/reportExtensions.json"].to_string();
    assert!(extensions.contains("'Forecast'[Old]"), "the fixture has such a measure");
    assert_quiet(&pbir().against(&model()));
}

#[test]
fn selectors_of_data_points_are_not_uses() {
    let visual = &pbir().0["definition/pages/overview/visuals/by-region/visual.json"].to_string();
    assert!(visual.contains("Former name"), "the fixture has such a selector");
    assert_quiet(&pbir().against(&model()));
}

#[test]
fn bookmark_entries_of_deleted_visuals_and_pages_are_skipped() {
    let bookmark = &pbir().0["definition/bookmarks/north.bookmark.json"].to_string();
    assert!(bookmark.contains("deleted-visual") && bookmark.contains("deleted-page"));
    assert_quiet(&pbir().against(&model()));
}

#[test]
fn a_bookmark_without_data_applies_no_filter() {
    let bookmark = &pbir().0["definition/bookmarks/display.bookmark.json"].to_string();
    assert!(bookmark.contains("Old zone"));
    assert_quiet(&pbir().against(&model()));
}

#[test]
fn a_bookmark_for_chosen_visuals_does_not_affect_the_others() {
    let report = pbir().with("definition/bookmarks/north.bookmark.json", |bookmark| {
        bookmark["options"] = json!({"applyOnlyToTargetVisuals": true, "targetVisualNames": ["amount"]});
        bookmark["explorationState"]["sections"]["overview"]["visualContainers"]["by-region"]["singleVisual"]["orderBy"]
            [0]["Expression"]["Measure"]["Property"] = json!("Gone");
    });
    assert_quiet(&report.against(&model()));
}

#[test]
fn a_number_may_be_another_kind_of_number() {
    let other = model()
        .changed("Sales", "columns", "Amount", "dataType", "double")
        .changed("Sales", "columns", "Quantity", "dataType", "decimal");
    assert_quiet(&pbir().against_with_own(&other, &model()));
}

#[test]
fn a_model_may_have_more_than_the_report_uses() {
    let other = model()
        .with_table(json!({"name": "Budget", "columns": [{"name": "Name", "dataType": "string"}]}))
        .with("Sales", "measures", json!({"name": "Net revenue LY", "expression": "1"}))
        .with_relationship(json!({"name": "x", "fromTable": "Budget", "fromColumn": "Name", "toTable": "Region",
            "toColumn": "Name", "isActive": false}));
    assert_quiet(&pbir().against_with_own(&other, &model()));
}

#[test]
fn a_script_around_the_model_makes_no_difference() {
    let database = model().0;
    let create = json!({"createOrReplace": {"object": {"database": "Sales"}, "database": database}});
    let sequence = json!({"sequence": {"operations": [{"refresh": {}}, create]}});
    for script in [create.clone(), sequence] {
        let read = ModelDefinition::from_tmsl(&format!("\u{feff}{script}")).unwrap();
        assert_eq!(read.role_names(), Some(&["Region manager".to_owned()][..]));
        assert_quiet(&compare(&pbir().read(), &read));
    }
}

#[test]
fn the_hidden_date_table_may_have_another_name() {
    let text = model().0.to_string().replace("LocalDateTable_0b1c5a2e", "LocalDateTable_77777777");
    let other = crate::support::Model(serde_json::from_str(&text).unwrap());
    assert_quiet(&pbir().against_with_own(&other, &model()));
}

#[test]
fn an_alias_may_have_the_name_of_another_table() {
    let report = pbir().visual("amount", |visual| {
        let condition = &mut visual["filterConfig"]["filters"][0]["filter"];
        condition["From"][0]["Name"] = json!("Region");
        condition["Where"][0]["Condition"]["Comparison"]["Left"]["Column"]["Expression"]["SourceRef"]["Source"] =
            json!("Region");
    });
    assert_quiet(&report.against(&model()));
}

#[test]
fn columns_of_a_subquery_are_its_own() {
    let report = pbir().with("definition/pages/overview/page.json", |page| {
        let filter = &mut page["filterConfig"]["filters"][0]["filter"];
        filter["Where"] = json!([{"Condition": {"Comparison": {"ComparisonKind": 1,
            "Left": {"Column": {"Expression": {"SourceRef": {"Source": "subquery"}}, "Property": "field"}},
            "Right": {"Literal": {"Value": "0L"}}}}}]);
    });
    assert_quiet(&report.against(&model()));
}

#[test]
fn a_calculation_of_the_visual_is_not_a_field_of_the_model() {
    let report = pbir().visual("amount", |visual| {
        let projections = &mut visual["visual"]["query"]["queryState"]["Values"]["projections"];
        projections.as_array_mut().unwrap().push(json!({"queryRef": "select", "field":
            {"NativeVisualCalculation": {"Language": "dax", "Expression": "RUNNINGSUM([Nothing])", "Name": "Total"}}}));
    });
    let found = report.against(&model());
    assert_quiet(&found);
    assert!(!found.not_checked.iter().any(|entry| entry.what.contains("card")));
}

#[test]
fn a_hidden_filter_card_without_a_condition_has_no_effect() {
    let gone = |how: Value| {
        pbir().with("definition/pages/overview/page.json", move |page| {
            let card = &mut page["filterConfig"]["filters"][1];
            card["field"]["Column"]["Property"] = json!("Gone");
            card.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        })
    };
    assert_quiet(&gone(json!({"isHiddenInViewMode": true})).against(&model()));
    assert_quiet(&gone(json!({"howCreated": "Auto"})).against(&model()));
    assert_eq!(gone(json!({})).against(&model()).findings[0].used_as, "filter card of the page");
    let report = pbir().visual("amount", |visual| {
        let filter = visual["filterConfig"]["filters"][0].as_object_mut().unwrap();
        filter.remove("filter");
        filter["field"]["Column"]["Property"] = json!("Shown before");
    });
    assert_quiet(&report.against(&model()));
}

#[test]
fn a_comparison_with_blank_or_with_a_date_fits_numbers() {
    for literal in ["null", "datetime'2026-01-01T00:00:00'", "1.5D"] {
        let report = pbir().visual("amount", |visual| {
            visual["filterConfig"]["filters"][0]["filter"]["Where"][0]["Condition"]["Comparison"]["Right"] =
                json!({"Literal": {"Value": literal}});
        });
        assert_quiet(&report.against(&model()));
    }
}

#[test]
fn counting_fits_every_type() {
    let report = pbir().visual("amount", |visual| {
        visual["visual"]["query"]["queryState"]["Values"]["projections"][0]["field"]["Aggregation"]["Function"] =
            json!(2);
    });
    assert_quiet(&report.against(&model().changed("Sales", "columns", "Amount", "dataType", "string")));
}

#[test]
fn the_table_of_a_field_parameter_is_read_like_other_tables() {
    let parameter =
        json!({"name": "Axis", "columns": [{"name": "Axis", "type": "calculatedTableColumn", "dataType": "string"}]});
    let report = pbir().visual("by-region", |visual| {
        visual["visual"]["query"]["queryState"]["Category"]["fieldParameters"] = json!([{"index": 0, "length": 1,
            "parameterExpr": {"Column": {"Expression": {"SourceRef": {"Entity": "Axis"}}, "Property": "Axis"}}}]);
    });
    assert_quiet(&report.against_with_own(&model().with_table(parameter.clone()), &model().with_table(parameter)));
}

#[test]
fn paths_are_read_with_either_separator_and_a_byte_order_mark_is_skipped() {
    let mut parts = pbir().parts();
    for part in &mut parts {
        part.path = format!("/{}", part.path.replace('/', "\\"));
        part.payload.splice(0..0, *b"\xef\xbb\xbf");
    }
    let report = preflight::ReportDefinition::from_parts(&parts).unwrap();
    let found = compare(&report, &model().without("Returns", "columns", "Name").read());
    assert_eq!(found.findings.len(), 1);
}
