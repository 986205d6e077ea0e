//! A result as `JUnit` XML: one test case for each binding, and one for what is about none.

use std::fmt::Write as _;
use std::path::Path;

use super::finding::Finding;
use super::report::CheckReport;

/// Writes the file.
///
/// # Errors
/// Why it cannot be written.
pub fn write(report: &CheckReport, path: &Path) -> Result<(), String> {
    std::fs::write(path, xml(report)).map_err(|error| format!("{}: {error}", path.display()))
}

fn xml(report: &CheckReport) -> String {
    let mut cases = String::new();
    let mut failures = 0;
    let mut used = vec![false; report.findings.len()];
    for (tenant, of_report, dataset) in &report.bindings {
        let name = format!("{} over {dataset}", of_report.as_deref().unwrap_or("new report"));
        let concerns = |finding: &Finding| {
            finding.tenants.contains(tenant)
                && finding.report.as_ref().is_none_or(|key| Some(key) == of_report.as_ref())
                && finding.dataset.as_ref().is_none_or(|key| key == dataset)
        };
        let of_case: Vec<_> = report.findings.iter().enumerate().filter(|(_, finding)| concerns(finding)).collect();
        for (index, _) in &of_case {
            used[*index] = true;
        }
        failures += usize::from(!of_case.is_empty());
        case(&mut cases, tenant, &name, of_case.into_iter().map(|(_, finding)| finding));
    }
    let rest: Vec<_> =
        report.findings.iter().zip(&used).filter(|(_, used)| !**used).map(|(finding, _)| finding).collect();
    failures += usize::from(!rest.is_empty());
    case(&mut cases, "dynabind", "credentials and workspaces", rest.into_iter());
    let tests = report.bindings.len() + 1;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"dynabind check\" tests=\"{tests}\" \
         failures=\"{failures}\" time=\"{:.3}\">\n{cases}</testsuite>\n",
        report.summary.seconds
    )
}

fn case<'f>(out: &mut String, class: &str, name: &str, findings: impl Iterator<Item = &'f Finding>) {
    let _ = writeln!(out, "  <testcase classname=\"{}\" name=\"{}\">", escape(class), escape(name));
    for finding in findings {
        let places = finding.places.iter().cloned().collect::<Vec<_>>().join(", ");
        let text = format!("{places}\nviewer: {}\nremedy: {}", finding.viewer_sees, finding.remedy);
        let message = match (&finding.page, &finding.visual) {
            (Some(page), Some(visual)) => format!("page {page}, visual {visual}: {}", finding.problem),
            (Some(page), None) => format!("page {page}: {}", finding.problem),
            _ => finding.problem.clone(),
        };
        let _ = writeln!(
            out,
            "    <failure type=\"{}\" message=\"{}\">{}</failure>",
            escape(&finding.code),
            escape(&message),
            escape(&text)
        );
    }
    let _ = writeln!(out, "  </testcase>");
}

fn escape(text: &str) -> String {
    let allowed = text.chars().filter(|sign| !sign.is_control() || *sign == '\n');
    let escaped = |sign: char| match sign {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    allowed.map(escaped).collect()
}
