//! The aliases of a query.

use std::collections::HashMap;

use serde_json::Value;

/// The meaning of an alias or of a direct source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Source {
    Entity {
        name: String,
        schema: Option<String>,
    },
    /// A subquery or a transform. Its columns are not columns of the model.
    Derived,
    Unknown(String),
}

/// The aliases that are valid in a query. They are case-sensitive.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(HashMap<String, Source>);

impl Sources {
    /// The aliases of `From`, added to those of the outer query.
    pub(super) fn within(&self, from: &[Value]) -> Self {
        let mut sources = self.clone();
        for entry in from {
            if let Some(alias) = entry.get("Name").and_then(Value::as_str) {
                sources.0.insert(alias.to_owned(), Source::of_entry(alias, entry));
            }
        }
        sources
    }

    /// The source that the expression in front of a property names.
    pub(super) fn resolve(&self, expression: &Value) -> Source {
        if let Some(reference) = expression.get("SourceRef") {
            return self.referred(reference);
        }
        if expression.get("TransformTableRef").is_some() || expression.get("Subquery").is_some() {
            return Source::Derived;
        }
        let kinds: Vec<&str> = expression.as_object().into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
        Source::Unknown(format!("its source is an expression of an unknown kind (`{}`)", kinds.join("`, `")))
    }

    fn referred(&self, reference: &Value) -> Source {
        let text = |name| reference.get(name).and_then(Value::as_str);
        match (text("Entity"), text("Source")) {
            (Some(entity), _) => Source::entity(entity, text("Schema")),
            (None, Some(alias)) => {
                let unknown = || Source::Unknown(format!("the query has no source named `{alias}`"));
                self.0.get(alias).cloned().unwrap_or_else(unknown)
            }
            (None, None) => Source::Unknown("its source has neither `Entity` nor `Source`".to_owned()),
        }
    }
}

impl Source {
    fn of_entry(alias: &str, entry: &Value) -> Self {
        let text = |name| entry.get(name).and_then(Value::as_str);
        match (entry.get("Type").and_then(Value::as_u64), text("Entity")) {
            (None | Some(0), Some(entity)) => Self::entity(entity, text("Schema")),
            (_, None) if entry.get("Expression").is_some() => Self::Derived,
            _ => Self::Unknown(format!("the source `{alias}` of the query is of an unknown type")),
        }
    }

    fn entity(name: &str, schema: Option<&str>) -> Self {
        let schema = schema.filter(|schema| !schema.is_empty()).map(str::to_owned);
        Self::Entity { name: name.to_owned(), schema }
    }
}
