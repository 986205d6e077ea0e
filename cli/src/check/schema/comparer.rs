//! What compares a report's definition with a model's.

use serde::{Deserialize, Serialize};

use crate::fabric::DefinitionPart;

/// What came of one comparison; kept in the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct SchemaOutcome {
    /// What would fail in front of a viewer.
    pub findings: Vec<SchemaFault>,
    /// What could not be judged, each with its cause.
    pub not_checked: Vec<(String, String)>,
    /// The roles of the model, where its definition tells them.
    pub roles: Option<Vec<String>>,
}

/// One field or relationship that the report needs and the model does not offer.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct SchemaFault {
    /// The page of the report.
    pub page: Option<String>,
    /// The visual on the page.
    pub visual: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// The most similar field of the model.
    pub suggestion: Option<String>,
    /// What a viewer would see.
    pub viewer_sees: String,
    /// How to fix it.
    pub remedy: String,
}

/// Compares definitions.
pub trait SchemaComparer: Send + Sync {
    /// What the report uses and the model (its `model.bim`) does not have.
    fn compare(&self, report: &[DefinitionPart], model: &str) -> SchemaOutcome;
}

/// The comparison of this build.
pub(crate) fn comparer() -> Box<dyn SchemaComparer> {
    Box::new(RolesAlone)
}

/// Reads the roles of a model, and compares nothing.
struct RolesAlone;

impl SchemaComparer for RolesAlone {
    fn compare(&self, _: &[DefinitionPart], model: &str) -> SchemaOutcome {
        let model: serde_json::Value = serde_json::from_str(model).unwrap_or_default();
        let roles = model["model"]["roles"].as_array().into_iter().flatten();
        let roles = roles.filter_map(|role| role["name"].as_str().map(str::to_owned)).collect();
        let because = "this build holds no comparison of definitions".to_owned();
        SchemaOutcome {
            findings: Vec::new(),
            not_checked: vec![("the schema".to_owned(), because)],
            roles: Some(roles),
        }
    }
}
