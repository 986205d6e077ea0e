//! A result as `JUnit` XML: one test case for each binding, and one for the findings that do not belong to a binding.

use super::finding::Finding;
use super::report::CheckReport;
use crate::junit::{Case, Failure, Suite};

/// The test cases of a result.
#[must_use]
pub fn suite(report: &CheckReport) -> Suite {
    let mut used = vec![false; report.findings.len()];
    let mut cases = Vec::new();
    for (tenant, of_report, dataset) in &report.bindings {
        let concerns = |finding: &Finding| {
            finding.tenants.contains(tenant)
                && finding.report.as_ref().is_none_or(|key| Some(key) == of_report.as_ref())
                && finding.dataset.as_ref().is_none_or(|key| key == dataset)
        };
        let mut failures = Vec::new();
        for (finding, used) in report.findings.iter().zip(&mut used).filter(|(finding, _)| concerns(finding)) {
            *used = true;
            failures.push(failure(finding));
        }
        let name = format!("{} over {dataset}", of_report.as_deref().unwrap_or("new report"));
        cases.push(Case { class: tenant.clone(), name, failures, skipped: None });
    }
    let rest = report.findings.iter().zip(&used).filter(|(_, used)| !**used);
    let failures = rest.map(|(finding, _)| failure(finding)).collect();
    let (class, name) = ("dynabind".to_owned(), "credentials and workspaces".to_owned());
    cases.push(Case { class, name, failures, skipped: None });
    Suite { name: "dynabind check", cases, seconds: report.summary.seconds }
}

fn failure(finding: &Finding) -> Failure {
    let places = finding.places.iter().cloned().collect::<Vec<_>>().join(", ");
    let text = format!("{places}\nviewer: {}\nremedy: {}", finding.viewer_sees, finding.remedy);
    let message = match (&finding.page, &finding.visual) {
        (Some(page), Some(visual)) => format!("page {page}, visual {visual}: {}", finding.problem),
        (Some(page), None) => format!("page {page}: {}", finding.problem),
        _ => finding.problem.clone(),
    };
    Failure { kind: finding.code.clone(), message, text }
}
