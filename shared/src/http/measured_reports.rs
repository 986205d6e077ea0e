//! Which reports have metrics of their own.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::domain::ReportKey;

/// How many reports have metrics of their own in one environment. `CloudWatch` charges for each.
const MAX_REPORTS: usize = 100;

/// The reports that have metrics of their own in this environment.
#[derive(Debug, Default)]
pub(super) struct MeasuredReports(Mutex<BTreeSet<ReportKey>>);

impl MeasuredReports {
    /// Whether a report has metrics of its own. A report that has none gets them if there is room.
    pub(super) fn has(&self, report: &ReportKey) -> bool {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.contains(report) || (reports.len() < MAX_REPORTS && reports.insert(report.clone()))
    }
}
