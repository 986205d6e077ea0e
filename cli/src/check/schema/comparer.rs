//! Compares a report's definition with a model's. The outcome has the form in which a check saves it.

use preflight::{Comparison, ModelDefinition, ReportDefinition, SchemaFinding};
use serde::{Deserialize, Serialize};

/// The outcome of one comparison; it is saved in the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct SchemaOutcome {
    /// What would fail when a viewer opens the report.
    pub(super) findings: Vec<SchemaFault>,
    /// What could not be judged, each with its cause.
    pub(super) not_checked: Vec<(String, String)>,
    /// The roles of the model, if its definition has them.
    pub(super) roles: Option<Vec<String>>,
}

/// One field or relationship that the report needs and the model does not have.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct SchemaFault {
    /// The page of the report.
    pub(super) page: Option<String>,
    /// The visual on the page.
    pub(super) visual: Option<String>,
    /// What is wrong, and the most similar field of the model.
    pub(super) problem: String,
    /// What a viewer would see.
    pub(super) viewer_sees: String,
    /// How to fix it.
    pub(super) remedy: String,
}

/// What the report uses and the model does not have. The types and relationships that the report needs are taken
/// from the report's own model.
pub(super) fn compare(
    report: &ReportDefinition,
    model: &ModelDefinition,
    own: Option<&ModelDefinition>,
) -> SchemaOutcome {
    let Comparison { findings, not_checked } = preflight::compare_with_own(report, model, own);
    SchemaOutcome {
        findings: findings.into_iter().map(fault).collect(),
        not_checked: not_checked.into_iter().map(|item| (item.what, item.because)).collect(),
        roles: model.role_names().map(<[String]>::to_vec),
    }
}

fn fault(finding: SchemaFinding) -> SchemaFault {
    let suggestion = finding.suggestion.map(|other| format!("; the model has `{other}`")).unwrap_or_default();
    SchemaFault {
        problem: format!("{}{suggestion}", finding.problem),
        page: finding.page,
        visual: finding.visual,
        viewer_sees: finding.viewer_sees,
        remedy: finding.remedy,
    }
}
