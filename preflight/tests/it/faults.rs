//! Twenty planted faults, each found at its place.

use serde_json::json;

use crate::support::{model, pbir, texts, the};

#[test]
fn a_renamed_measure_is_found_with_the_visual_and_the_new_name() {
    let found = pbir().against(&model().renamed("Sales", "measures", "Net revenue", "Revenue net"));
    let finding = the(&found, "Revenue by region");
    assert_eq!(
        finding.to_string(),
        "page *Overview*, visual *Revenue by region*: measure `Sales[Net revenue]` is missing; \
         the model has `Sales[Revenue net]`"
    );
    assert_eq!(finding.used_as, "data role Y, bookmark Only the north");
    assert_eq!(finding.viewer_sees, "The visual shows an error instead of data.");
    assert!(finding.remedy.contains("Rename `Sales[Revenue net]`"), "{}", finding.remedy);
    // The report's own measure uses the field too, so visuals with that measure are found.
    assert!(the(&found, "Goals by country").used_as.contains("measure Goal reached of the report"));
}

#[test]
fn a_dropped_column_is_found_in_every_visual_that_uses_it() {
    let found = pbir().against(&model().without("Product", "columns", "Category"));
    assert_eq!(
        texts(&found),
        [
            "page *Overview*, visual *slicer*: column `Product[Category]` is missing",
            "page *Region details*, visual *deneb*: column `Product[Category]` is missing",
        ]
    );
}

#[test]
fn columns_of_the_same_name_in_two_tables_are_told_apart() {
    let found = pbir().against(&model().without("Region", "columns", "Name"));
    assert!(texts(&found).iter().all(|text| text.contains("`Region[Name]` is missing")), "{:?}", texts(&found));
    assert!(found.findings.len() > 2);
    let found = pbir().against(&model().without("Returns", "columns", "Name"));
    let only = the(&found, "Returns[Name]");
    assert_eq!((only.page.as_deref(), only.visual.as_deref()), (Some("Region details"), Some("Returns")));
    assert_eq!(found.findings.len(), 1);
}

#[test]
fn a_measure_that_only_sorts_is_found() {
    let report = pbir().visual("deneb", |visual| visual["visual"]["query"]["queryState"] = json!({}));
    let found = report.against(&model().renamed("Sales", "measures", "Orders", "Order count"));
    let finding = the(&found, "Sales[Orders]");
    assert_eq!((finding.visual.as_deref(), finding.used_as.as_str()), (Some("Revenue by region"), "sorting"));
}

#[test]
fn a_measure_that_only_colours_is_found() {
    let report = pbir().with("definition/pages/overview/page.json", |page| page["filterConfig"] = json!({}));
    let found = report.against(&model().without("Sales", "measures", "Margin"));
    let finding = the(&found, "Sales[Margin]");
    assert_eq!(finding.visual.as_deref(), Some("Revenue by region"));
    assert_eq!(finding.used_as, "conditional formatting (dataPoint.fill)");
}

#[test]
fn the_column_of_a_report_filter_is_found() {
    let found = pbir().against(&model().without("Product", "columns", "Discontinued"));
    let finding = the(&found, "Product[Discontinued]");
    assert_eq!((&finding.page, &finding.visual), (&None, &None));
    assert_eq!(finding.viewer_sees, "Every visual of the report shows an error instead of data.");
}

#[test]
fn an_aliased_column_of_a_visual_filter_is_found() {
    let report = pbir().visual("amount", |visual| {
        visual["filterConfig"]["filters"][0].as_object_mut().unwrap().remove("field");
    });
    let found = report.against(&model().without("Sales", "columns", "Quantity"));
    assert_eq!(
        texts(&found),
        ["page *Overview*, visual *card*: column `Sales[Quantity]` is missing; the model has `Returns[Quantity]`"]
    );
}

#[test]
fn a_measure_inside_the_subquery_of_a_page_filter_is_found() {
    let report = pbir().visual("by-region", |visual| visual["visual"]["objects"] = json!({}));
    let found = report.against(&model().without("Sales", "measures", "Margin"));
    let finding = the(&found, "Sales[Margin]");
    assert_eq!((finding.page.as_deref(), &finding.visual), (Some("Overview"), &None));
    assert_eq!(finding.used_as, "filter of the page");
}

#[test]
fn the_column_of_a_bookmark_is_found() {
    let found = pbir().against(&model().without("Region", "columns", "Continent"));
    let finding = the(&found, "Region[Continent]");
    assert_eq!(finding.used_as, "bookmark Only the north");
    assert_eq!(finding.viewer_sees, "The bookmark *Only the north* leads to an error.");
}

#[test]
fn the_column_of_a_page_parameter_is_found() {
    let report = pbir().with("definition/pages/details/page.json", |page| {
        page["pageBinding"]["parameters"][0]["fieldExpr"]["Column"]["Property"] = json!("Zone");
    });
    let finding_of = report.against(&model());
    let finding = the(&finding_of, "Region[Zone]");
    assert_eq!((finding.page.as_deref(), finding.used_as.as_str()), (Some("Region details"), "parameter of the page"));
}

#[test]
fn a_renamed_level_and_a_dropped_hierarchy_are_found() {
    let mut renamed = model();
    renamed.0["model"]["tables"][1]["hierarchies"][0]["levels"][1]["name"] = json!("Regions");
    assert_eq!(
        texts(&pbir().against(&renamed)),
        ["page *Overview*, visual *Goals by country*: level `Region` of hierarchy `Region[Geography]` is missing; \
          the model has `Region[Geography].[Regions]`"]
    );
    let found = pbir().against(&model().without("Region", "hierarchies", "Geography"));
    assert_eq!(texts(&found), ["page *Overview*, visual *Goals by country*: hierarchy `Region[Geography]` is missing"]);
}

#[test]
fn a_column_without_its_date_hierarchy_is_found() {
    let found = pbir().against(&model().changed("Sales", "columns", "Order date", "variations", json!([])));
    let texts = texts(&found);
    assert!(texts.iter().all(|text| text.contains("`Sales[Order date]` has no date hierarchy")), "{texts:?}");
    assert!(texts[0].starts_with("page *Overview*, visual *Revenue by month*"));
}

#[test]
fn a_sum_over_text_is_found() {
    let found = pbir().against(&model().changed("Sales", "columns", "Amount", "dataType", "string"));
    assert_eq!(
        texts(&found),
        ["page *Overview*, visual *card*: column `Sales[Amount]` holds text, which Sum cannot aggregate"]
    );
}

#[test]
fn a_filter_on_a_column_of_another_type_is_found() {
    let found = pbir().against(&model().changed("Product", "columns", "Discontinued", "dataType", "string"));
    assert_eq!(
        texts(&found),
        ["report: column `Product[Discontinued]` holds text, but the report compares it with true/false"]
    );
}

#[test]
fn a_missing_table_is_named_as_the_cause() {
    let found = pbir().against(&model().without_table("Returns"));
    assert_eq!(found.findings.len(), 2);
    the(&found, "column `Returns[Name]` is missing, because the model has no table `Returns`");
    the(&found, "column `Returns[Quantity]` is missing, because the model has no table `Returns`");
}

#[test]
fn a_measure_that_became_a_column_is_found() {
    let changed = model().without("Sales", "measures", "Net revenue").with(
        "Sales",
        "columns",
        json!({"name": "Net revenue", "dataType": "decimal"}),
    );
    let found = pbir().against(&changed);
    assert!(the(&found, "Revenue by region").problem.ends_with("the model has a column of this name"));
    let changed = model().without("Product", "columns", "Category").with(
        "Product",
        "measures",
        json!({"name": "Category", "expression": "1"}),
    );
    assert!(the(&pbir().against(&changed), "*slicer*").problem.ends_with("the model has a measure of this name"));
}

#[test]
fn a_measure_that_moved_to_another_table_is_found() {
    let moved = model()
        .without("Sales", "measures", "Margin")
        .with_table(json!({"name": "Key figures", "columns": [], "measures": [{"name": "Margin", "expression": "1"}]}));
    let found = pbir().against(&moved);
    let finding = the(&found, "Revenue by region");
    assert_eq!(finding.suggestion.as_deref(), Some("Key figures[Margin]"));
    assert_eq!(
        finding.remedy,
        "Add the measure to the table `Sales` of the model, or use `Key figures[Margin]` in the report."
    );
}

#[test]
fn missing_fields_of_a_measure_of_the_report_are_found() {
    let found = pbir().against(&model().without("Target", "columns", "Goal"));
    let finding = the(&found, "Target[Goal]");
    assert_eq!(finding.visual.as_deref(), Some("Goals by country"));
    assert_eq!(finding.used_as, "measure Goal reached of the report");
}

#[test]
fn a_measure_of_the_report_with_the_name_of_a_model_measure_is_found() {
    let taken = model().with("Target", "measures", json!({"name": "goal reached", "expression": "1"}));
    let found = pbir().against(&taken);
    assert_eq!(
        texts(&found),
        [
            "page *Overview*, visual *Goals by country*: measure `Sales[Goal reached]` of the report has the same name as a \
          measure of the model"
        ]
    );
    assert!(
        pbir().against_with_own(&taken, &taken).findings.is_empty(),
        "the report's own model has the same conflict"
    );
}

#[test]
fn a_type_that_differs_from_the_own_model_is_found() {
    let changed = model().changed("Returns", "columns", "Name", "dataType", "int64");
    assert!(pbir().against(&changed).findings.is_empty());
    let found = pbir().against_with_own(&changed, &model());
    the(&found, "column `Returns[Name]` holds numbers; in the report's own model it holds text");
}

#[test]
fn the_selection_of_a_slicer_is_found() {
    let selection = json!({"general": [{"properties": {"filter": {"filter": {
        "Version": 2, "From": [{"Name": "p", "Entity": "Product", "Type": 0}],
        "Where": [{"Condition": {"In": {
            "Expressions": [{"Column": {"Expression": {"SourceRef": {"Source": "p"}}, "Property": "Colour"}}],
            "Values": [[{"Literal": {"Value": "'red'"}}]]}}}]}}}}]});
    let report = pbir().visual("category", |visual| visual["visual"]["objects"] = selection);
    let found = report.against(&model());
    assert_eq!(the(&found, "visual *slicer*: column `Product[Colour]` is missing").used_as, "selected values");
}

#[test]
fn the_table_of_a_measure_of_the_report_has_to_exist() {
    let report = pbir().with("definition/reportExtensions.json", |extension| {
        extension["entities"][0]["name"] = json!("Plan");
    });
    let report = report.visual("geography", |visual| {
        visual["visual"]["query"]["queryState"]["Values"]["projections"][0]["field"]["Measure"]["Expression"]
            ["SourceRef"]["Entity"] = json!("Plan");
    });
    assert_eq!(the(&report.against(&model()), "`Plan`").problem, "table `Plan` is missing");
}

#[test]
fn the_projections_and_objects_of_a_bookmark_are_read() {
    let measure = |name: &str| json!({"Measure": {"Expression": {"SourceRef": {"Entity": "Sales"}}, "Property": name}});
    let report = pbir().with("definition/bookmarks/north.bookmark.json", |bookmark| {
        let visual =
            &mut bookmark["explorationState"]["sections"]["overview"]["visualContainers"]["by-region"]["singleVisual"];
        visual["activeProjections"] = json!({"Category": [measure("Projected")]});
        visual["objects"] = json!({"merge": {"labels": [{"properties": {"color": {"expr": measure("Merged")}}}]}});
    });
    let found = report.against(&model());
    for name in ["Sales[Projected]", "Sales[Merged]"] {
        assert_eq!(the(&found, name).used_as, "bookmark Only the north");
    }
    assert!(!found.not_checked.iter().any(|entry| entry.what.contains("Revenue by region")));
}

#[test]
fn thresholds_in_percent_are_read() {
    let scoped = json!({"ScopedEval": {"Scope": [{"AllRolesRef": {}}], "Expression":
        {"Measure": {"Expression": {"SourceRef": {"Entity": "Sales"}}, "Property": "Gone"}}}});
    let report = pbir().visual("by-region", |visual| {
        visual["visual"]["objects"] = json!({"values": [{"properties": {"icon": {"value": {"expr": {"Conditional": {"Cases": [
            {"Condition": {"Comparison": {"ComparisonKind": 1,
                "Left": {"Measure": {"Expression": {"SourceRef": {"Entity": "Sales"}}, "Property": "Margin"}},
                "Right": {"RangePercent": {"Min": scoped, "Max": scoped, "Percent": 0.3}}}},
             "Value": {"Literal": {"Value": "'Up'"}}}]}}}}}}]});
    });
    let found = report.against(&model());
    assert_eq!(the(&found, "Sales[Gone]").used_as, "conditional formatting (values.icon)");
    assert!(!found.not_checked.iter().any(|entry| entry.what.contains("Revenue by region")));
}
