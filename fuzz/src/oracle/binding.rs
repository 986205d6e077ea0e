//! The bindings of a request's body.

use serde_json::Value;

use super::items;

/// One requested binding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Binding {
    /// The key of the report.
    pub report: Option<String>,
    /// The key of the dataset; absent if the grants allow only one.
    pub dataset: Option<String>,
    /// `view`, `edit` or `create`.
    pub mode: String,
}

impl Binding {
    /// The bindings of a body. A value that is not a text counts as absent.
    #[must_use]
    pub fn all(body: &Value) -> Vec<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let read = |binding: &Value| Self {
            report: text(&binding["report"]),
            dataset: text(&binding["dataset"]),
            mode: text(&binding["mode"]).unwrap_or_else(|| "view".to_owned()),
        };
        items(&body["bindings"]).iter().map(read).collect()
    }
}
