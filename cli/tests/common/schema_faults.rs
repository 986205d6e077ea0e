//! Faults of the schema, and functions that make the rows of a table of faults.

use serde_json::json;

use super::faults::{Expected, Planted, World};

pub(crate) const OVERVIEW: &str = "Overview";
pub(crate) const DETAILS: &str = "Region details";

/// A field that is missing for one visual.
pub(crate) fn field(page: &'static str, visual: &'static str, problem: &'static str, remedy: &'static str) -> Expected {
    let at = Expected { page: Some(page), visual: Some(visual), ..of_report(None, problem, remedy) };
    Expected { code: "schema", ..at }
}

/// A fault of the report over the dataset.
pub(crate) fn of_report(page: Option<&'static str>, problem: &'static str, remedy: &'static str) -> Expected {
    Expected {
        code: "schema",
        report: Some("sales"),
        dataset: Some("plan"),
        page,
        visual: None,
        pointer: "#/tenants/contoso/grants/0",
        problem,
        remedy,
    }
}

pub(crate) fn of_dataset(
    code: &'static str,
    pointer: &'static str,
    problem: &'static str,
    remedy: &'static str,
) -> Expected {
    Expected { code, report: None, pointer, ..of_report(None, problem, remedy) }
}

pub(crate) fn planted(
    name: &'static str,
    plant: fn(&mut World),
    expected: Vec<Expected>,
    remedy: fn(&mut World),
) -> Planted {
    Planted { name, plant, expected, not_checked: None, remedy }
}

/// A cause for which something is not checked; it is no finding.
pub(crate) fn unchecked(
    name: &'static str,
    plant: fn(&mut World),
    because: &'static str,
    remedy: fn(&mut World),
) -> Planted {
    Planted { not_checked: Some(because), ..planted(name, plant, Vec::new(), remedy) }
}

pub(crate) fn columns_and_measures() -> Vec<Planted> {
    vec![
        planted(
            "dropped column",
            |world| world.drop("Product", "columns", "Category"),
            vec![
                field(OVERVIEW, "slicer", "column `Product[Category]` is missing", "Add the column"),
                field(DETAILS, "deneb", "column `Product[Category]` is missing", "Add the column"),
            ],
            |world| world.add("Product", "columns", json!({ "name": "Category", "dataType": "string" })),
        ),
        planted(
            "renamed measure",
            |world| world.rename("Sales", "measures", "Orders", "Order"),
            vec![
                field(OVERVIEW, "Revenue by region", "the model has `Sales[Order]`", "Rename `Sales[Order]`"),
                field(DETAILS, "deneb", "the model has `Sales[Order]`", "Rename `Sales[Order]`"),
            ],
            |world| world.rename("Sales", "measures", "Order", "Orders"),
        ),
        planted(
            "same-named column in another table",
            |world| world.drop("Returns", "columns", "Name"),
            vec![field(
                DETAILS,
                "Returns",
                "column `Returns[Name]` is missing",
                "Add the column to the table `Returns`",
            )],
            |world| world.add("Returns", "columns", json!({ "name": "Name", "dataType": "string" })),
        ),
        planted(
            "changed type",
            |world| world.item("Sales", "columns", "Amount")["dataType"] = json!("string"),
            vec![field(OVERVIEW, "card", "column `Sales[Amount]` holds text", "Sales[Amount]")],
            |world| world.item("Sales", "columns", "Amount")["dataType"] = json!("double"),
        ),
    ]
}

pub(crate) fn relationships_and_formats() -> Vec<Planted> {
    vec![
        planted(
            "missing relationship",
            |world| {
                world.model()["model"]["relationships"]
                    .as_array_mut()
                    .unwrap()
                    .retain(|one| one["name"] != "rel-returns");
            },
            vec![field(
                DETAILS,
                "Returns",
                "a filter on `Region` does not reach `Returns`",
                "Relate `Region` to `Returns`",
            )],
            |world| {
                let related = json!({ "name": "new", "fromTable": "Returns", "fromColumn": "RegionId",
                                      "toTable": "Region", "toColumn": "Id" });
                world.model()["model"]["relationships"].as_array_mut().unwrap().push(related);
            },
        ),
        planted(
            "legacy report",
            |world| {
                world.catalog["tenants"]["contoso"]["grants"][0]["reports"] = json!(["ops"]);
                world.drop("Product", "columns", "Category");
            },
            vec![Expected {
                report: Some("ops"),
                ..field("Country", "table", "column `Product[Category]` is missing", "Add the column")
            }],
            |world| world.add("Product", "columns", json!({ "name": "Category", "dataType": "string" })),
        ),
        planted(
            "report-only measure",
            |world| world.drop("Target", "columns", "Goal"),
            vec![field(OVERVIEW, "Goals by country", "column `Target[Goal]` is missing", "Add the column")],
            |world| world.add("Target", "columns", json!({ "name": "Goal", "dataType": "double" })),
        ),
    ]
}

pub(crate) fn uses_of_a_report() -> Vec<Planted> {
    vec![
        planted(
            "aliased filter",
            |world| {
                let filter = &mut world.visual("amount")["filterConfig"]["filters"][0];
                filter.as_object_mut().unwrap().remove("field");
                world.drop("Sales", "columns", "Quantity");
            },
            vec![field(OVERVIEW, "card", "column `Sales[Quantity]` is missing", "Add the column to the table `Sales`")],
            |world| world.add("Sales", "columns", json!({ "name": "Quantity", "dataType": "int64" })),
        ),
        planted(
            "hierarchy",
            |world| world.rename("Region", "hierarchies", "Geography", "Geografy"),
            vec![field(
                OVERVIEW,
                "Goals by country",
                "hierarchy `Region[Geography]` is missing",
                "Rename `Region[Geografy]`",
            )],
            |world| world.rename("Region", "hierarchies", "Geografy", "Geography"),
        ),
        planted(
            "field that only sorts",
            |world| {
                world.visual("deneb")["visual"]["query"]["queryState"] = json!({});
                world.drop("Sales", "measures", "Orders");
            },
            vec![field(OVERVIEW, "Revenue by region", "measure `Sales[Orders]` is missing", "Add the measure")],
            |world| world.add("Sales", "measures", json!({ "name": "Orders", "expression": "COUNTROWS(Sales)" })),
        ),
        planted(
            "field that only colours",
            |world| {
                world.part("definition/pages/overview/page.json")["filterConfig"] = json!({});
                world.drop("Sales", "measures", "Margin");
            },
            vec![field(OVERVIEW, "Revenue by region", "measure `Sales[Margin]` is missing", "Add the measure")],
            |world| world.add("Sales", "measures", json!({ "name": "Margin", "expression": "0.5" })),
        ),
        planted(
            "bookmark",
            |world| world.drop("Region", "columns", "Continent"),
            vec![of_report(None, "column `Region[Continent]` is missing", "Add the column")],
            |world| world.add("Region", "columns", json!({ "name": "Continent", "dataType": "string" })),
        ),
    ]
}
