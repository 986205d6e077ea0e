//! Models from rows of `INFO.VIEW.*`.

use preflight::{ModelDefinition, compare};
use serde_json::{Value, json};

use crate::support::{assert_quiet, legacy, model, not_checked, pbir, texts, the};

/// The rows that the service returns for the model of the fixtures.
fn rows() -> [Vec<Value>; 4] {
    let model = model().0["model"].take();
    let (mut tables, mut columns, mut measures) = (Vec::new(), Vec::new(), Vec::new());
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for table in list(&model["tables"]) {
        tables.push(json!({"[Name]": table["name"]}));
        columns.push(json!({"[Table]": table["name"], "[Name]": "RowNumber-2662979B-1795-4F74-8F37-6A1BA8059B61"}));
        for column in list(&table["columns"]) {
            let kind = match column["dataType"].as_str().unwrap() {
                "string" => "Text",
                "int64" => "Integer",
                "dateTime" => "DateTime",
                "boolean" => "Boolean",
                _ => "Number",
            };
            columns.push(json!({"[Table]": table["name"], "[Name]": column["name"], "[DataType]": kind}));
        }
        for measure in list(&table["measures"]) {
            let text = measure["expression"].as_str().unwrap_or("DIVIDE([Net revenue], 2)");
            measures.push(json!({"[Table]": table["name"], "[Name]": measure["name"], "[Expression]": text}));
        }
    }
    let relationships = list(&model["relationships"]).into_iter().map(|r| {
        json!({"[FromTable]": r["fromTable"], "[FromColumn]": r["fromColumn"], "[ToTable]": r["toTable"],
            "[ToColumn]": r["toColumn"], "[IsActive]": true, "[CrossFilteringBehavior]": "OneDirection",
            "[FromCardinality]": "Many", "[ToCardinality]": "One"})
    });
    [tables, columns, measures, relationships.collect()]
}

fn read(rows: &[Vec<Value>; 4]) -> ModelDefinition {
    ModelDefinition::from_info_view(&rows[0], &rows[1], &rows[2], &rows[3]).unwrap()
}

#[test]
fn hierarchies_are_not_checked_and_roles_are_unknown() {
    let model = read(&rows());
    assert_eq!(model.role_names(), None);
    let found = compare(&pbir().read(), &model);
    assert_quiet(&found);
    assert!(not_checked(
        &found,
        "`Region[Geography].[Country]`: not checked, because the source of the model's schema"
    ));
    assert!(not_checked(&found, "`Sales[Order date].[Date Hierarchy].[Year]`"));
    assert_quiet(&compare(&legacy().read(), &model));
}

#[test]
fn a_missing_column_and_a_changed_type_are_found() {
    let mut changed = rows();
    changed[1].retain(|row| row["[Name]"] != "Category");
    let amount = changed[1].iter_mut().find(|row| row["[Name]"] == "Amount").unwrap();
    amount["[DataType]"] = json!("Text");
    let found = compare(&pbir().read(), &read(&changed));
    the(&found, "visual *slicer*: column `Product[Category]` is missing");
    the(&found, "column `Sales[Amount]` holds text, which Sum cannot aggregate");
}

#[test]
fn keys_may_name_their_table_and_flags_may_be_text() {
    let mut changed = rows();
    for row in &mut changed[3] {
        let fields = row.as_object().unwrap().iter();
        *row = fields.map(|(key, value)| (format!("INFO.VIEW.RELATIONSHIPS{key}"), value.clone())).collect();
        row["INFO.VIEW.RELATIONSHIPS[IsActive]"] = json!("False");
    }
    let found = preflight::compare_with_own(&legacy().read(), &read(&changed), Some(&model().read()));
    assert!(texts(&found).iter().any(|text| text.contains("is inactive")), "{:?}", texts(&found));
}

#[test]
fn a_row_without_a_name_is_an_error() {
    let error = ModelDefinition::from_info_view(&[json!({"[ID]": 1})], &[], &[], &[]).unwrap_err();
    assert_eq!(error.to_string(), "`INFO.VIEW.TABLES` has a row without `[Name]`");
}
