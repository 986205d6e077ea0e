//! The body of `POST /token` and `POST /config`, and the query of `GET /datasets`.

use std::collections::HashMap;

use http::header;

use super::problem::{Code, Problem};
use super::request::Request;
use crate::domain::{BindingRequest, Mode, ReportKey};
use crate::embedding::BindingsRequest;
use crate::json::{Document, JsonFault, MAX_FAULTS, Reader};

const MAX_BODY: usize = 64 * 1024;
const MAX_BINDINGS: usize = 50;
const MAX_LIFETIME_MINUTES: u64 = 1440;

/// Reads the bindings that a page requests.
pub(super) fn read_bindings(request: &Request) -> Result<BindingsRequest, Problem> {
    read(request, MAX_BODY, read_request)
}

/// Reads a JSON body of at most `max_body` bytes.
pub(super) fn read<T>(
    request: &Request,
    max_body: usize,
    read: impl for<'j> FnOnce(&mut Reader<'j>, &'j Document<'j>) -> Option<T>,
) -> Result<T, Problem> {
    check_content_type(request)?;
    let bytes = &request.event.body;
    if bytes.len() > max_body {
        return Err(Problem::new(Code::PayloadTooLarge, format!("The body can have at most {max_body} bytes.")));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("the body is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    let document = Document::parse(text).map_err(malformed)?;
    Reader::read(&document, read).map_err(Problem::invalid)
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::invalid(vec![JsonFault { pointer: String::new(), detail: detail.into() }])
}

/// A missing content type counts as JSON; any other content type is an error.
fn check_content_type(request: &Request) -> Result<(), Problem> {
    let Some(value) = request.event.headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence.is_empty() || essence == "application/json" || essence.ends_with("+json") {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType, "Send the body as application/json."))
}

fn read_request<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<BindingsRequest> {
    reader.object(json, |fields| {
        let bindings = fields.required("bindings", read_list);
        let lifetime = fields.optional("lifetimeMinutes", |r, json| r.whole(json, 1..=MAX_LIFETIME_MINUTES));
        let lifetime_minutes = lifetime.and_then(|minutes| u16::try_from(minutes).ok());
        Some(BindingsRequest { bindings: bindings?, lifetime_minutes })
    })
}

fn read_list<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<Vec<BindingRequest>> {
    check_length(reader, json, MAX_BINDINGS, "bindings")?;
    let mut seen = HashMap::new();
    let mut index = 0;
    reader.list(json, |reader, json| {
        let binding = read_binding(reader, json);
        if let Some(binding) = &binding
            && let Some(earlier) = seen.insert(binding.clone(), index)
        {
            reader.fault(format!("the same as /bindings/{earlier}; one config can be used twice"));
        }
        index += 1;
        binding
    })
}

/// Checks that a list has one to `max` items, before they are read.
pub(super) fn check_length(reader: &mut Reader<'_>, json: &Document<'_>, max: usize, what: &str) -> Option<()> {
    if let Document::List(items) = json
        && !(1..=max).contains(&items.len())
    {
        reader.fault(format!("expected 1 to {max} {what}, found {}", items.len()));
        return None;
    }
    Some(())
}

fn read_binding<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<BindingRequest> {
    reader.object(json, |fields| {
        let mode = fields.optional_or("mode", Mode::View, Reader::parsed);
        let needs_report = mode.is_some_and(|mode| mode != Mode::Create);
        let report = if needs_report {
            Some(fields.required("report", Reader::parsed)?)
        } else {
            fields.optional("report", Reader::parsed)
        };
        let dataset = fields.optional("dataset", Reader::parsed);
        Some(BindingRequest { report, dataset, mode: mode? })
    })
}

/// Reads the report to which a list is limited; `None` means all reports.
pub(super) fn read_report(request: &Request) -> Result<Option<ReportKey>, Problem> {
    let mut report = None;
    let mut faults = Vec::new();
    for (name, value) in &request.event.query {
        let mut fault = |detail: String| faults.push(JsonFault::of_field(name, detail));
        match (name.as_str(), value.parse::<ReportKey>()) {
            ("report", Ok(_)) if report.is_some() => fault("name only one report".to_owned()),
            ("report", Ok(key)) => report = Some(key),
            ("report", Err(error)) => fault(error.to_string()),
            _ => fault("unknown parameter; known here: report".to_owned()),
        }
    }
    faults.truncate(MAX_FAULTS);
    if faults.is_empty() { Ok(report) } else { Err(Problem::invalid(faults)) }
}
