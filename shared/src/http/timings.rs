//! `POST /timings`: how long viewers waited, as metrics.
//!
//! The page sends times and report keys, and nothing else. A key becomes a dimension only if the caller's grants name
//! it, so that callers cannot create metrics with other names.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tracing::Level;

use super::body;
use super::handler::HandlerContext;
use super::metrics::{Metrics, Views};
use super::problem::Problem;
use super::request::Request;
use crate::domain::ReportKey;
use crate::json::{Document, Fields, Reader};
use crate::telemetry;

const MAX_BODY: usize = 8 * 1024;
const MAX_TIMINGS: usize = 50;
const MAX_MS: u64 = 600_000;

/// The dimension of reports over the limit, and of reports that no key of the catalog names.
const OTHER: &str = "other";

/// The times of one report, as a viewer saw them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Timing {
    /// The report that was requested.
    pub report: ReportKey,
    is_rendered: bool,
    config_ms: Option<u64>,
    loaded_ms: Option<u64>,
    rendered_ms: Option<u64>,
}

/// Reads the timings of a body.
pub(super) fn read_timings(request: &Request) -> Result<Vec<Timing>, Problem> {
    body::read(request, MAX_BODY, |reader, json| reader.object(json, |fields| fields.required("timings", read_list)))
}

fn read_list<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<Vec<Timing>> {
    body::check_length(reader, json, MAX_TIMINGS, "timings")?;
    reader.list(json, |reader, json| reader.object(json, read_timing))
}

fn read_timing(fields: &mut Fields<'_, '_>) -> Option<Timing> {
    let report = fields.required("report", Reader::parsed);
    let outcome: Option<Outcome> = fields.required("outcome", Reader::parsed);
    let [config_ms, loaded_ms, rendered_ms] = ["configMs", "loadedMs", "renderedMs"]
        .map(|name| fields.optional(name, |reader, json| reader.whole(json, 0..=MAX_MS)));
    Some(Timing { report: report?, is_rendered: outcome? == Outcome::Rendered, config_ms, loaded_ms, rendered_ms })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Outcome {
    Rendered,
    Failed,
}

impl std::str::FromStr for Outcome {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "rendered" => Ok(Self::Rendered),
            "failed" => Ok(Self::Failed),
            _ => Err("expected rendered or failed"),
        }
    }
}

/// A line with the metrics of one report.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ViewsLine<'v> {
    #[serde(rename = "message")]
    message: &'static str,
    report: &'v str,
    #[serde(flatten)]
    metrics: Metrics<'v>,
}

impl HandlerContext {
    /// Writes timings as metrics: one line for each report. `named` are the reports whose keys the catalog has.
    pub fn write_timings(&self, timings: &[Timing], named: &BTreeSet<ReportKey>) {
        let mut by_report: BTreeMap<&str, Views> = BTreeMap::new();
        for timing in timings {
            let has_own = named.contains(&timing.report) && self.measured_reports.has(&timing.report);
            let views = by_report.entry(if has_own { timing.report.as_str() } else { OTHER }).or_default();
            views.config.extend(timing.config_ms);
            views.loaded.extend(timing.loaded_ms);
            views.rendered.extend(timing.rendered_ms.filter(|_| timing.is_rendered));
            views.failures += u64::from(!timing.is_rendered);
        }
        for (report, views) in by_report {
            let metrics = Metrics::of_views(self.metrics_namespace(), self.now(), views);
            telemetry::write(Level::INFO, &ViewsLine { message: "timings", report, metrics });
        }
    }
}
