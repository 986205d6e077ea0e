//! What a check finds.

use std::collections::BTreeSet;

use serde::Serialize;

/// A fault, with its place and its remedy.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The kind of the fault.
    pub code: String,
    /// The tenants that have it.
    pub tenants: BTreeSet<String>,
    /// The report's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// The dataset's key, or its GUID where no key names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The page of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The visual on the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visual: Option<String>,
    /// The places in the catalog, each as file and JSON pointer.
    pub places: BTreeSet<String>,
    /// What is wrong.
    pub problem: String,
    /// What a viewer would see.
    pub viewer_sees: String,
    /// How to fix it.
    pub remedy: String,
}

/// Something that could not be checked; it is not a fault.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unchecked {
    /// What could not be checked.
    pub what: String,
    /// The tenants that it concerns.
    pub tenants: BTreeSet<String>,
    /// The report's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// The dataset's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Why it could not be checked.
    pub because: String,
}

/// The tenant, items and place that a finding is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct About {
    /// The tenant.
    pub tenant: Option<String>,
    /// The report's key.
    pub report: Option<String>,
    /// The dataset's key.
    pub dataset: Option<String>,
    /// The place in the catalog.
    pub place: Option<String>,
}

/// A fault without its place.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    /// The kind of the fault.
    pub code: String,
    /// The page of the report.
    pub page: Option<String>,
    /// The visual on the page.
    pub visual: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What a viewer would see.
    pub viewer_sees: String,
    /// How to fix it.
    pub remedy: String,
}

/// The result of all checks. The same fault of several tenants is one finding.
#[derive(Debug, Default)]
pub struct Findings {
    /// The faults.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub unchecked: Vec<Unchecked>,
}

impl Findings {
    /// Adds a fault.
    pub fn add(&mut self, about: &About, fault: &Fault) {
        let is_same = |finding: &&mut Finding| {
            finding.code == fault.code
                && (&finding.report, &finding.dataset) == (&about.report, &about.dataset)
                && (&finding.page, &finding.visual) == (&fault.page, &fault.visual)
                && finding.problem == fault.problem
        };
        if let Some(same) = self.findings.iter_mut().find(is_same) {
            same.tenants.extend(about.tenant.clone());
            same.places.extend(about.place.clone());
            return;
        }
        let Fault { code, page, visual, problem, viewer_sees, remedy } = fault.clone();
        self.findings.push(Finding {
            code,
            tenants: about.tenant.iter().cloned().collect(),
            report: about.report.clone(),
            dataset: about.dataset.clone(),
            page,
            visual,
            places: about.place.iter().cloned().collect(),
            problem,
            viewer_sees,
            remedy,
        });
    }

    /// Adds what could not be checked.
    pub fn skip(&mut self, about: &About, what: &str, because: &str) {
        let is_same = |other: &&mut Unchecked| {
            (&other.report, &other.dataset) == (&about.report, &about.dataset)
                && (other.what.as_str(), other.because.as_str()) == (what, because)
        };
        if let Some(same) = self.unchecked.iter_mut().find(is_same) {
            same.tenants.extend(about.tenant.clone());
            return;
        }
        self.unchecked.push(Unchecked {
            what: what.to_owned(),
            tenants: about.tenant.iter().cloned().collect(),
            report: about.report.clone(),
            dataset: about.dataset.clone(),
            because: because.to_owned(),
        });
    }
}
