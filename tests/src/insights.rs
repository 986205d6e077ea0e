//! Evaluates conditions of CloudWatch's query language and of its metric filters. It supports the syntax that this project
//! uses.

use serde_json::{Value, json};

/// Conditions. All of them must hold.
#[derive(Clone, Debug)]
pub struct Filter(Vec<Condition>);

#[derive(Clone, Debug)]
enum Condition {
    Any(Vec<Condition>),
    Present(String),
    Like(String, String),
    Compare(String, String, Value),
}

impl Filter {
    /// The filter of a query of Logs Insights; `None` if it has none.
    #[must_use]
    pub fn of_query(query: &str) -> Option<Self> {
        let text = query.split(" | ").find_map(|stage| stage.trim().strip_prefix("filter "))?;
        Some(Self(text.split(" and ").map(condition).collect()))
    }

    /// The pattern of a metric filter over JSON.
    #[must_use]
    pub fn of_metric_filter(pattern: &str) -> Self {
        let text = pattern.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).expect("braces");
        let conditions = text.split("&&").map(|one| one.trim().trim_matches(['(', ')']).trim_start_matches("$."));
        Self(conditions.map(condition).collect())
    }

    /// Whether it selects lines that Lambda itself writes.
    #[must_use]
    pub fn is_of_lambda(&self) -> bool {
        self.0.iter().any(|condition| matches!(condition, Condition::Compare(.., value) if *value == "platform.report"))
    }

    /// Whether a line matches the filter.
    #[must_use]
    pub fn matches(&self, line: &Value) -> bool {
        self.0.iter().all(|condition| condition.holds(line))
    }
}

fn condition(text: &str) -> Condition {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return Condition::Any(inner.split(" or ").map(condition).collect());
    }
    if let Some(field) = text.strip_prefix("ispresent(").and_then(|rest| rest.strip_suffix(')')) {
        return Condition::Present(field.to_owned());
    }
    let parts: Vec<_> = text.splitn(3, ' ').collect();
    let [field, operator, value] = parts[..] else { panic!("{text} is no condition") };
    if operator == "like" {
        return Condition::Like(field.to_owned(), value.trim_matches('/').to_owned());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| panic!("{value} in {text}"));
    Condition::Compare(field.to_owned(), operator.to_owned(), value)
}

impl Condition {
    fn holds(&self, line: &Value) -> bool {
        match self {
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(line)),
            Self::Present(field) => !line[field].is_null(),
            Self::Like(field, pattern) => {
                let schema = json!({ "type": "string", "pattern": pattern });
                jsonschema::is_valid(&schema, &line[field])
            }
            Self::Compare(field, operator, value) => match (number(&line[field]), number(value)) {
                (Some(found), Some(wanted)) => compare(found.total_cmp(&wanted), operator),
                _ => compare(line[field].as_str().cmp(&value.as_str()), operator),
            },
        }
    }
}

/// A number. It may be written as a text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn compare(order: std::cmp::Ordering, operator: &str) -> bool {
    match operator {
        "=" => order.is_eq(),
        "!=" => order.is_ne(),
        ">=" => order.is_ge(),
        ">" => order.is_gt(),
        other => panic!("{other} is not supported here"),
    }
}
