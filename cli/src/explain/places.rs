//! Assumptions about items whose places only Power BI knows.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use dynabind::domain::{DatasetId, ReportId, WorkspaceId};

use super::arguments::Arguments;
use crate::decision::Places;

/// The places in the arguments. An item without such an argument is assumed to be in the first workspace that the
/// grants open for it. Each assumption is noted.
#[derive(Debug)]
pub struct Assumed {
    dataset: Option<WorkspaceId>,
    report: Option<WorkspaceId>,
    own: Option<DatasetId>,
    noted: Mutex<BTreeSet<String>>,
}

impl Assumed {
    pub(super) fn new(arguments: &Arguments) -> Self {
        let Arguments { dataset_workspace, report_workspace, own_dataset, .. } = *arguments;
        Self { dataset: dataset_workspace, report: report_workspace, own: own_dataset, noted: Mutex::default() }
    }

    pub(super) fn into_assumptions(self) -> Vec<String> {
        self.noted.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
    }

    fn note(&self, assumption: String) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(assumption);
    }

    fn workspace_of(&self, what: &str, given: Option<WorkspaceId>, of: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId> {
        if given.is_some() {
            return given.filter(|workspace| of.contains(workspace));
        }
        let first = of.first().copied()?;
        self.note(format!("the {what} is in workspace {first}; if it is in another, give --{what}-workspace"));
        Some(first)
    }
}

impl Places for Assumed {
    fn dataset(&self, _: DatasetId, workspaces: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId> {
        self.workspace_of("dataset", self.dataset, workspaces)
    }

    fn report(&self, _: ReportId, workspaces: &BTreeSet<WorkspaceId>) -> Option<WorkspaceId> {
        self.workspace_of("report", self.report, workspaces)
    }

    fn own_dataset(&self, _: ReportId) -> Option<DatasetId> {
        if self.own.is_none() {
            self.note(
                "the body lacks the report's own dataset, which only Power BI knows; give it with --own-dataset"
                    .to_owned(),
            );
        }
        self.own
    }
}
