//! The kinds of expressions.

use serde_json::Value;

use crate::report::field_use::Need;
use crate::report::literal::LiteralType;

/// Expressions without fields.
pub(super) const LEAVES: [&str; 15] = [
    "AllRolesRef",
    "Annotations",
    "AnyValue",
    "Literal",
    "NativeReferenceName",
    "NativeVisualCalculation",
    "Now",
    "ResourcePackageItem",
    "RoleRef",
    "SelectRef",
    "SummaryValueRef",
    "ThemeDataColor",
    "TransformOutputRoleRef",
    "TransformTableRef",
    "VisualTopN",
];

/// Expressions and clauses that consist of other expressions only.
pub(super) const CONTAINERS: [&str; 53] = [
    "And",
    "Arithmetic",
    "Cases",
    "Columns",
    "Condition",
    "Conditional",
    "Contains",
    "DateAdd",
    "DateSpan",
    "DefaultValue",
    "Dependencies",
    "Discretize",
    "Exists",
    "Expression",
    "Expressions",
    "FillRule",
    "FilteredEval",
    "Filters",
    "Floor",
    "GroupBy",
    "GroupedColumns",
    "Groupings",
    "Groups",
    "Input",
    "Keys",
    "Left",
    "LowerBound",
    "Measure",
    "Not",
    "Or",
    "OrderBy",
    "Output",
    "Parameters",
    "Percent",
    "Query",
    "RangePercent",
    "Right",
    "Scope",
    "ScopedEval",
    "Select",
    "Source",
    "SparklineData",
    "StartsWith",
    "Subquery",
    "Table",
    "Target",
    "Transform",
    "UpperBound",
    "Value",
    "Values",
    "VisualShape",
    "Where",
    "ExpressionContentCache",
];

/// The type of a literal operand.
pub(super) fn literal_type(operand: &Value) -> Option<LiteralType> {
    LiteralType::of(operand.pointer("/Literal/Value")?.as_str()?)
}

/// The type that an aggregation needs in its column.
pub(super) fn aggregate(kind: &str, child: &Value) -> Need {
    let (function, numeric) = match (kind, child.get("Function").and_then(Value::as_u64)) {
        ("Percentile", _) => ("Percentile", true),
        ("Aggregation", Some(0)) => ("Sum", true),
        ("Aggregation", Some(1)) => ("Average", true),
        ("Aggregation", Some(6)) => ("Median", true),
        ("Aggregation", Some(7)) => ("Standard deviation", true),
        ("Aggregation", Some(8)) => ("Variance", true),
        _ => ("Count, minimum or maximum", false),
    };
    Need::Aggregate { function, numeric }
}
