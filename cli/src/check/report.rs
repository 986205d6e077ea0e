//! The result of a check.

use std::collections::BTreeSet;

use serde::Serialize;

use super::finding::{Finding, Unchecked};

/// The result of a check.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// How much was checked.
    pub summary: Summary,
    /// The faults.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub not_checked: Vec<Unchecked>,
    /// Each binding that was checked: tenant, report, dataset.
    #[serde(skip)]
    pub bindings: BTreeSet<(String, Option<String>, String)>,
}

/// How much was checked.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Grants.
    pub grants: usize,
    /// Bindings that they allow.
    pub bindings: usize,
    /// Distinct reports.
    pub reports: usize,
    /// Distinct datasets.
    pub datasets: usize,
    /// Calls of Power BI and Fabric.
    pub calls: u64,
    /// Calls that were throttled and repeated.
    pub throttled: u64,
    /// How long it took.
    pub seconds: f64,
}
