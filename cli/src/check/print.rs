//! A result as text.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::finding::{Finding, Unchecked};
use super::report::{CheckReport, Summary};
use crate::terminal::Style;

/// How many tenants and places of one finding are printed.
const SHOWN: usize = 3;

/// Prints a result.
///
/// # Errors
/// When the output cannot be written.
pub fn print(report: &CheckReport, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        print_finding(finding, style, out)?;
    }
    let groups = grouped(&report.not_checked);
    for (_, group) in &groups {
        print_unchecked(group, style, out)?;
    }
    let Summary { grants, bindings, reports, datasets, calls, throttled, seconds } = report.summary;
    writeln!(
        out,
        "{grants} grants, {bindings} bindings, {reports} reports, {datasets} models: {} findings, {} not checked; \
         {calls} calls ({throttled} throttled) in {seconds:.1} s",
        report.findings.len(),
        groups.len()
    )
}

/// What could not be checked for the same cause, for several tenants and datasets.
struct Group<'r> {
    first: &'r Unchecked,
    tenants: BTreeSet<String>,
    datasets: BTreeSet<String>,
}

type Cause<'r> = (Option<&'r str>, &'r str, &'r str);

/// The entries by report, subject and cause. The groups are in the order of their first entries.
fn grouped(unchecked: &[Unchecked]) -> Vec<(Cause<'_>, Group<'_>)> {
    let mut groups: Vec<(Cause<'_>, Group<'_>)> = Vec::new();
    for item in unchecked {
        let cause = (item.report.as_deref(), item.what.as_str(), item.because.as_str());
        let at = groups.iter().position(|(known, _)| *known == cause).unwrap_or_else(|| {
            groups.push((cause, Group { first: item, tenants: BTreeSet::new(), datasets: BTreeSet::new() }));
            groups.len() - 1
        });
        let (_, group) = &mut groups[at];
        group.tenants.extend(item.tenants.iter().cloned());
        group.datasets.extend(item.dataset.clone());
    }
    groups
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

fn print_unchecked(group: &Group<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let Group { first: unchecked, tenants, datasets } = group;
    let datasets = (!datasets.is_empty()).then(|| some(datasets));
    let subject = subject(tenants, unchecked.report.as_deref(), datasets.as_deref());
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

/// The first texts, and how many more there are.
fn some(texts: &BTreeSet<String>) -> String {
    let first = texts.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match texts.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
