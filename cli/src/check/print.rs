//! A result for people.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::finding::{Finding, Unchecked};
use super::report::{CheckReport, Summary};
use crate::terminal::Style;

/// How many tenants and places are named of one finding.
const SHOWN: usize = 3;

/// Prints a result.
///
/// # Errors
/// When nobody reads.
pub fn print(report: &CheckReport, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        print_finding(finding, style, out)?;
    }
    for unchecked in &report.not_checked {
        print_unchecked(unchecked, style, out)?;
    }
    let Summary { grants, bindings, reports, datasets, calls, throttled, seconds } = report.summary;
    writeln!(
        out,
        "{grants} grants, {bindings} bindings, {reports} reports, {datasets} models: {} findings, {} not checked; \
         {calls} calls ({throttled} throttled) in {seconds:.1} s",
        report.findings.len(),
        report.not_checked.len()
    )
}

fn print_finding(finding: &Finding, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let subject = subject(&finding.tenants, finding.report.as_deref(), finding.dataset.as_deref());
    writeln!(out, "{} {subject}", style.bad(&format!("[{}]", finding.code)))?;
    let site = match (&finding.page, &finding.visual) {
        (Some(page), Some(visual)) => format!("page {page}, visual {visual}: "),
        (Some(page), None) => format!("page {page}: "),
        (None, Some(visual)) => format!("visual {visual}: "),
        (None, None) => String::new(),
    };
    writeln!(out, "  {site}{}", finding.problem)?;
    writeln!(out, "  place   {}", some(&finding.places))?;
    writeln!(out, "  viewer  {}", finding.viewer_sees)?;
    writeln!(out, "  remedy  {}\n", finding.remedy)
}

fn print_unchecked(unchecked: &Unchecked, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let subject = subject(&unchecked.tenants, unchecked.report.as_deref(), unchecked.dataset.as_deref());
    let word = style.unknown("[not checked]");
    writeln!(
        out,
        "{word} {subject}{}, because {}",
        if subject.is_empty() { unchecked.what.clone() } else { format!(": {}", unchecked.what) },
        unchecked.because
    )
}

fn subject(tenants: &BTreeSet<String>, report: Option<&str>, dataset: Option<&str>) -> String {
    let binding = match (report, dataset) {
        (Some(report), Some(dataset)) => format!("{report} over {dataset}"),
        (Some(item), None) | (None, Some(item)) => item.to_owned(),
        (None, None) => String::new(),
    };
    match (tenants.is_empty(), binding.is_empty()) {
        (true, _) => binding,
        (false, true) => some(tenants),
        (false, false) => format!("{}: {binding}", some(tenants)),
    }
}

/// The first of them, and how many more there are.
fn some(texts: &BTreeSet<String>) -> String {
    let first = texts.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
