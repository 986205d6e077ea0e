//! Comparing a report's definition with a model's, in the form that a check keeps.

use preflight::{Comparison, ModelDefinition, ReportDefinition, SchemaFinding};
use serde::{Deserialize, Serialize};

/// What came of one comparison; kept in the state.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct SchemaOutcome {
    /// What would fail in front of a viewer.
    pub(super) findings: Vec<SchemaFault>,
    /// What could not be judged, each with its cause.
    pub(super) not_checked: Vec<(String, String)>,
    /// The roles of the model, where its definition tells them.
    pub(super) roles: Option<Vec<String>>,
}

/// One field or relationship that the report needs and the model does not offer.
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

/// What the report uses and the model does not have. The report's own model tells which types and relationships it
/// needs.
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
