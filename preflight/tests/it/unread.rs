//! Parts that cannot be read are listed as not checked, and are not findings.

use preflight::{DefinitionError, Part, ReportDefinition};
use serde_json::json;

use crate::support::{assert_quiet, model, not_checked, pbir};

#[test]
fn json_of_a_custom_visual_is_not_checked() {
    let found = pbir().against(&model());
    assert_quiet(&found);
    let texts: Vec<_> = found.not_checked.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        ["page *Region details*, visual *deneb*: property vega.jsonSpec: not checked, because it contains JSON in \
          the visual's own format"]
    );
}

#[test]
fn an_expression_of_an_unknown_kind_is_not_checked() {
    let report = pbir().visual("amount", |visual| {
        visual["visual"]["query"]["queryState"]["Values"]["projections"][0]["field"] =
            json!({"QuantumMeasure": {"Expression": {"SourceRef": {"Entity": "Nowhere"}}, "Property": "X"}});
    });
    let found = report.against(&model());
    assert_quiet(&found);
    assert!(not_checked(
        &found,
        "visual *card*: data role Values: not checked, because it has an expression of an unknown kind (`QuantumMeasure`)"
    ));
}

#[test]
fn an_unknown_alias_is_not_checked() {
    let report = pbir().visual("amount", |visual| {
        visual["filterConfig"]["filters"][0]["filter"]["From"] = json!([]);
    });
    let found = report.against(&model());
    assert_quiet(&found);
    assert!(not_checked(&found, "the query has no source named `s`"));
}

#[test]
fn a_part_that_is_not_json_is_not_checked() {
    let mut parts = pbir().parts();
    let broken = parts.iter_mut().find(|part| part.path.ends_with("by-region/visual.json")).unwrap();
    broken.payload = b"{\"name\": ".to_vec();
    let found = preflight::compare(&ReportDefinition::from_parts(&parts).unwrap(), &model().read());
    assert_quiet(&found);
    assert!(not_checked(&found, "by-region/visual.json`: not checked, because it is not valid JSON"));
}

#[test]
fn a_part_of_an_unknown_name_is_not_checked() {
    let mut report = pbir();
    report.0.insert("definition/futures.json".to_owned(), json!({}));
    report.0.insert("StaticResources/SharedResources/BaseThemes/CY24SU10.json".to_owned(), json!({}));
    let found = report.against(&model());
    assert!(not_checked(&found, "part `definition/futures.json`"));
    assert!(!not_checked(&found, "BaseThemes"));
}

#[test]
fn dax_of_a_report_without_references_is_checked_as_far_as_it_is_certain() {
    let report = pbir().with("definition/reportExtensions.json", |extension| {
        let measure = &mut extension["entities"][0]["measures"][0];
        measure.as_object_mut().unwrap().remove("references");
        measure["expression"] = json!("VAR x = ADDCOLUMNS('Target', \"@g\", [Goal]) RETURN SUMX(x, [@g]) + [Orders]");
    });
    let found = report.against(&model());
    assert_quiet(&found);
    assert!(not_checked(&found, "visual *Goals by country*: `[@g]` in measure Goal reached"));
    assert!(!not_checked(&found, "[Orders]"));
    let found = report.against_with_own(&model().without("Sales", "measures", "Orders"), &model());
    assert!(found.findings.iter().any(|f| f.used_as.contains("measure Goal reached") && f.field == "Sales[Orders]"));
}

#[test]
fn a_table_without_any_column_is_not_checked() {
    let mut empty = model();
    empty.0["model"]["tables"][3]["columns"] = json!([]);
    let found = pbir().against(&empty);
    assert_quiet(&found);
    assert!(not_checked(&found, "`Returns[Name]`: not checked, because the definition of the model lists no columns"));
}

#[test]
fn a_definition_without_its_main_part_is_an_error() {
    let part = |path: &str, payload: &[u8]| Part { path: path.to_owned(), payload: payload.to_vec() };
    assert_eq!(ReportDefinition::from_parts(&[]).unwrap_err(), DefinitionError::NoReport);
    let empty = [part("report.json", b"{}"), part("definition.pbir", b"x")];
    assert_eq!(ReportDefinition::from_parts(&empty).unwrap_err(), DefinitionError::NoReport);
    let broken = ReportDefinition::from_parts(&[part("definition/report.json", b"{")]).unwrap_err();
    assert!(broken.to_string().starts_with("`definition/report.json` is not valid JSON"), "{broken}");
    for text in ["", "[]", "{}", "{\"refresh\": {}}", "{\"model\": {\"tables\": [{}]}}"] {
        let error = preflight::ModelDefinition::from_tmsl(text).unwrap_err();
        assert!(error.to_string().starts_with("`model.bim`"), "{error}");
    }
}

#[test]
fn visuals_that_choose_their_fields_later_are_not_checked() {
    for (kind, text) in [("qnaVisual", "a Q&A visual"), ("rdlVisual", "another report")] {
        let report = pbir().visual("category", |visual| visual["visual"] = json!({"visualType": kind}));
        assert!(not_checked(&report.against(&model()), text));
    }
}
