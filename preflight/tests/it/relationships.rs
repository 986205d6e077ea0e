//! Relationships that the fields of a visual need.

use preflight::Comparison;
use serde_json::json;

use crate::support::{Model, assert_quiet, model, not_checked, pbir, texts, the};

fn of(changed: &Model) -> Comparison {
    pbir().against_with_own(changed, &model())
}

#[test]
fn a_missing_relationship_is_found_where_it_is_needed() {
    let found = of(&model().without_relationship("rel-returns"));
    assert_eq!(
        texts(&found),
        ["page *Region details*, visual *Returns*: a filter on `Region` does not reach `Returns`, because no active \
          relationship leads there"]
    );
    assert_eq!(found.findings[0].field, "Region → Returns");
    assert_eq!(found.findings[0].viewer_sees, "The visual shows values that are not filtered, and no error.");
}

#[test]
fn relationships_behind_measures_and_slicers_are_found() {
    let found = of(&model().without_relationship("rel-product"));
    // The slicer and the report's filter are on products; the visuals show sales.
    for visual in ["Revenue by region", "card", "Revenue by month", "Goals by country", "deneb"] {
        the(&found, &format!("visual *{visual}*: a filter on `Product` does not reach `Sales`"));
    }
    let found = of(&model().without_relationship("rel-target"));
    the(&found, "visual *Goals by country*: a filter on `Region` does not reach `Target`");
}

#[test]
fn an_inactive_relationship_is_named() {
    let found = of(&model().relationship("rel-returns", "isActive", false));
    let finding = the(&found, "`Region` does not reach `Returns`");
    assert!(finding.problem.ends_with("the relationship `Returns[RegionId]` – `Region[Id]` is inactive"));
    assert_eq!(finding.remedy, "Make the relationship `Returns[RegionId]` – `Region[Id]` active.");
}

#[test]
fn a_relationship_in_the_other_direction_is_named() {
    let turned = model().without_relationship("rel-returns").with_relationship(json!({
        "name": "turned", "fromTable": "Region", "fromColumn": "Id", "toTable": "Returns", "toColumn": "RegionId",
    }));
    assert!(the(&of(&turned), "reach `Returns`").problem.ends_with("filters in the other direction"));
    assert_quiet(&of(&model().relationship("rel-returns", "crossFilteringBehavior", "bothDirections")));
}

#[test]
fn another_path_between_the_tables_is_enough() {
    let bridged = model()
        .without_relationship("rel-returns")
        .with_table(json!({"name": "Bridge", "columns": [{"name": "Id", "dataType": "int64"}]}))
        .with_relationship(json!({"name": "a", "fromTable": "Bridge", "fromColumn": "Id", "toTable": "Region",
            "toColumn": "Id", "fromCardinality": "one", "crossFilteringBehavior": "bothDirections"}))
        .with_relationship(json!({"name": "b", "fromTable": "Returns", "fromColumn": "RegionId", "toTable": "Bridge",
            "toColumn": "Id"}));
    assert_quiet(&of(&bridged));
}

#[test]
fn a_measure_that_chooses_its_relationships_is_not_checked() {
    let expression = "CALCULATE(SUM(Sales[Amount]), USERELATIONSHIP(Sales[RegionId], Region[Id]))";
    let changed = model().relationship("rel-region", "isActive", false).changed(
        "Sales",
        "measures",
        "Net revenue",
        "expression",
        expression,
    );
    let found = of(&changed);
    assert!(!texts(&found).iter().any(|text| text.contains("Revenue by region")), "{:?}", texts(&found));
    assert!(not_checked(&found, "visual *Revenue by region*: the relationship from `Region` to `Sales`"));
}

#[test]
fn tables_that_the_own_model_leaves_unrelated_need_no_relationship() {
    let both = model().without_relationship("rel-returns");
    assert_quiet(&pbir().against_with_own(&both, &both));
}

#[test]
fn without_the_own_model_an_uncertain_relationship_is_not_checked() {
    let found = pbir().against(&model().without_relationship("rel-returns"));
    assert_quiet(&found);
    assert!(not_checked(&found, "visual *Returns*: the relationship from `Region` to `Returns`"));
}

#[test]
fn columns_of_unrelated_tables_without_a_value_are_found_in_any_case() {
    let report = pbir().visual("returns", |visual| {
        visual["visual"]["query"]["queryState"]["Values"]["projections"].as_array_mut().unwrap().pop();
    });
    assert_quiet(&report.against(&model()));
    let found = report.against(&model().without_relationship("rel-returns"));
    the(&found, "visual *Returns*: the visual shows columns of `Region` and `Returns`, which no relationship connects");
}

#[test]
fn a_function_named_like_a_table_is_not_a_table() {
    let table = json!({"name": "Date", "columns": [{"name": "Day", "dataType": "int64"}]});
    let related = json!({"name": "d", "fromTable": "Date", "fromColumn": "Day", "toTable": "Region", "toColumn": "Id"});
    let dated =
        model().with_table(table).changed("Sales", "measures", "Orders", "expression", "YEAR(DATE(2026, 1, 1))");
    let own = dated.clone().with_relationship(related);
    let found = pbir().against_with_own(&dated, &own);
    assert_quiet(&found);
}

#[test]
fn a_measure_that_only_sorts_relates_the_columns() {
    let report = pbir().visual("returns", |visual| {
        let query = &mut visual["visual"]["query"];
        query["queryState"]["Values"]["projections"].as_array_mut().unwrap().pop();
        query["sortDefinition"] = json!({"sort": [{"direction": "Ascending", "field":
            {"Measure": {"Expression": {"SourceRef": {"Entity": "Sales"}}, "Property": "Orders"}}}]});
    });
    assert_quiet(&report.against(&model().without_relationship("rel-returns")));
}

#[test]
fn a_measure_without_its_dax_reads_what_it_reads_in_the_own_model() {
    let hidden = model()
        .without_relationship("rel-region")
        .changed("Sales", "measures", "Orders", "expression", "")
        .changed("Sales", "measures", "Net revenue", "expression", "")
        .changed("Sales", "measures", "Margin", "expression", "");
    the(&of(&hidden), "visual *Revenue by region*: a filter on `Region` does not reach `Sales`");
}

#[test]
fn a_slicer_whose_interaction_is_off_needs_no_relationship() {
    let page = "definition/pages/overview/page.json";
    let report =
        pbir().with("definition/report.json", |report| report["filterConfig"] = json!({})).with(page, |page| {
            page["visualInteractions"] = json!([{"source": "category", "target": "amount", "type": "NoFilter"}]);
        });
    let found = report.against_with_own(&model().without_relationship("rel-product"), &model());
    assert!(!texts(&found).iter().any(|text| text.contains("visual *card*")), "{:?}", texts(&found));
    the(&found, "visual *Revenue by region*: a filter on `Product` does not reach `Sales`");
}
